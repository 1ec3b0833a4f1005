/* queries.c — see queries.h. */
#include "ledger/queries.h"

const char *const occ_query_sql[OCC_QUERIES] = {
    [OCC_QUERY_BEGIN_READ] = "BEGIN DEFERRED",
    [OCC_QUERY_END] = "COMMIT",
    [OCC_QUERY_ROW] = "SELECT body FROM frames WHERE row=?1",
    [OCC_QUERY_ROW_LAST] = "SELECT row, first_proof, proofs FROM frames ORDER BY row DESC LIMIT 1",
    [OCC_QUERY_DOCUMENT] = "SELECT sum, text FROM documents WHERE number=?1",
    [OCC_QUERY_TOKENS] = "SELECT kind, sum, text FROM tokens WHERE place=?1",
    [OCC_QUERY_CHAIN] =
        "SELECT number FROM chains WHERE epoch=(SELECT number FROM epochs WHERE epoch_id=?1) AND chain_id=?2",
    [OCC_QUERY_CHAIN_NEWEST] = "SELECT number FROM chains WHERE chain_id=?1 ORDER BY epoch DESC LIMIT 1",
    [OCC_QUERY_CHAIN_NAMES] =
        "SELECT e.epoch_id, c.chain_id FROM chains c JOIN epochs e ON e.number=c.epoch WHERE c.number=?1",
    [OCC_QUERY_CHAINS] = "SELECT number, chain_id FROM chains WHERE epoch=?1 ORDER BY number",
    [OCC_QUERY_SPAN_AT] = "SELECT first, row FROM spans WHERE chain=?1 AND first<=?2 ORDER BY first DESC LIMIT 1",
    [OCC_QUERY_SPANS] = "SELECT row FROM spans WHERE chain=?1 AND first>=?2 ORDER BY first",
    [OCC_QUERY_SPAN_LAST] = "SELECT last, proofs, row FROM spans WHERE chain=?1 ORDER BY first DESC LIMIT 1",
    [OCC_QUERY_SPAN_FIRST] = "SELECT first FROM spans WHERE chain=?1 ORDER BY first LIMIT 1",
    [OCC_QUERY_POSITION] = "SELECT row FROM positions WHERE epoch=?1 AND first<=?2 ORDER BY first DESC LIMIT 1",
    [OCC_QUERY_POSITION_LAST] = "SELECT last FROM positions WHERE epoch=?1 ORDER BY first DESC LIMIT 1",
    [OCC_QUERY_EPOCHS] = ("SELECT number, epoch_id, public_key, enforcement, measurement, began_ms FROM epochs "
                          "WHERE number>=?1 ORDER BY number"),
    [OCC_QUERY_EPOCH_OF] = ("SELECT number, epoch_id, public_key, enforcement, measurement, began_ms FROM epochs "
                            "WHERE epoch_id=?1"),
    [OCC_QUERY_REPEAT] = "SELECT body, chain, first, proofs, received_ms FROM repeats WHERE repeat=?1",
    [OCC_QUERY_WANTED] = "SELECT place, kind FROM wanted WHERE (place, kind)>(?1, ?2) ORDER BY place, kind",
    [OCC_QUERY_ID] = "SELECT id FROM ledger",
    [OCC_QUERY_PROOFS_UP_TO] = "SELECT first_proof + proofs FROM frames WHERE row=?1",
    [OCC_QUERY_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [OCC_QUERY_PUT_EPOCH] = ("INSERT INTO epochs(number, epoch_id, public_key, enforcement, measurement, began_ms) "
                             "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"),
    [OCC_QUERY_PUT_CHAIN] = "INSERT INTO chains(number, epoch, chain_id) VALUES(?1, ?2, ?3)",
    [OCC_QUERY_PUT_ROW] = "INSERT INTO frames(row, first_proof, proofs, body) VALUES(?1, ?2, ?3, ?4)",
    [OCC_QUERY_PUT_POSITION] = "INSERT INTO positions(epoch, first, last, row) VALUES(?1, ?2, ?3, ?4)",
    [OCC_QUERY_PUT_SPAN] = "INSERT INTO spans(chain, first, last, row, proofs) VALUES(?1, ?2, ?3, ?4, ?5)",
    [OCC_QUERY_PUT_DOCUMENT] = "INSERT INTO documents(number, sum, text) VALUES(?1, ?2, ?3)",
    [OCC_QUERY_PUT_TOKEN] = "INSERT OR IGNORE INTO tokens(place, kind, sum, text) VALUES(?1, ?2, ?3, ?4)",
    [OCC_QUERY_PUT_WANTED] = "INSERT INTO wanted(place, kind) VALUES(?1, ?2)",
    [OCC_QUERY_DROP_WANTED] = "DELETE FROM wanted WHERE place=?1 AND kind=?2",
    /* One that is still good stays: the first answer is the answer. */
    [OCC_QUERY_PUT_REPEAT] = ("INSERT INTO repeats(repeat, body, received_ms, chain, first, proofs) "
                              "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(repeat) DO UPDATE SET body=excluded.body, "
                              "received_ms=excluded.received_ms, chain=excluded.chain, first=excluded.first, "
                              "proofs=excluded.proofs WHERE repeats.received_ms<=?7"),
    [OCC_QUERY_FORGET_REPEATS] = ("DELETE FROM repeats WHERE repeat IN "
                                  "(SELECT repeat FROM repeats WHERE received_ms<=?1 ORDER BY received_ms LIMIT ?2)"),
    [OCC_QUERY_MAXIMA] = ("SELECT (SELECT max(number) FROM epochs), (SELECT max(number) FROM chains), "
                          "(SELECT max(number) FROM documents)"),
};
