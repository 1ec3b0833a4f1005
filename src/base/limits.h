/*
 * limits.h — every limit of the project, in one place (DESIGN §4, promise 5). Sizes in bytes, times in milliseconds.
 * Those that an operator may change are defaults here and settings in server/.
 */
#ifndef OCC_BASE_LIMITS_H
#define OCC_BASE_LIMITS_H

/* JSON (PROTOCOL §1) */
#define OCC_LIMIT_JSON_DEPTH 64       /* of a body */
#define OCC_LIMIT_JSON_VALUE_DEPTH 32 /* of a value that a caller puts into a proof */
#define OCC_LIMIT_JSON_VALUES 65536   /* values in one text, */
#define OCC_LIMIT_JSON_VALUE_LEN 16   /* and one more for each so many bytes: "{}" takes 220 in memory */

/* Proofs (PROTOCOL §2, §3) */
#define OCC_LIMIT_VALUE_LEN (16u << 10)     /* canonical text of one value that a caller puts into a proof */
#define OCC_LIMIT_ANSWER_LEN (16u << 20)    /* proof text of one answer to POST /commit */
#define OCC_LIMIT_PROOF_LEN (4u << 20)      /* one proof that is verified: documents and tokens are far smaller */
#define OCC_LIMIT_PROOFS_LEN (64u << 20)    /* a file with an array of proofs, read whole by occ verify */
#define OCC_LIMIT_BATCH_DIGESTS 1000        /* digests of one request, default */
#define OCC_LIMIT_BATCH_DIGESTS_MAX 10000   /* the most an operator can allow */
#define OCC_LIMIT_MEASUREMENT_LEN 256       /* characters of environment.measurement */
#define OCC_LIMIT_POLICY_LIST 10000         /* entries of one list in a policy */
#define OCC_LIMIT_POLICY_LEN (4u << 20)     /* one policy that a proof is held against */
#define OCC_LIMIT_PEER_MEASUREMENT_LEN 1024 /* bytes of environment.measurement in a proof that is read */
/* Canonical text of one proof, six times OCC_LIMIT_PROOF_LEN: 1e20 grows from 4 characters to 21, nothing grows more. */
#define OCC_LIMIT_CANONICAL_LEN (24u << 20)

/* Attestation documents, tokens and certificates (PROTOCOL §5) */
#define OCC_LIMIT_CBOR_DEPTH 8                   /* nested arrays, maps and tags of one CBOR item */
#define OCC_LIMIT_CBOR_ITEMS 4096                /* members of one array */
#define OCC_LIMIT_CBOR_PAIRS 64                  /* pairs of one map: each name is compared with all before it */
#define OCC_LIMIT_NITRO_DOCUMENT_LEN (64u << 10) /* a document: the NSM writes at most 12 KiB */
#define OCC_LIMIT_NITRO_MODULE_ID_LEN 256        /* bytes of module_id: real ones have 39 */
#define OCC_LIMIT_NITRO_FIELD_LEN 1024           /* user_data, nonce, public_key */
#define OCC_LIMIT_NITRO_CERTIFICATE_LEN 4096     /* each certificate in a document */
#define OCC_LIMIT_NITRO_CABUNDLE 8               /* certificates above the leaf: real documents have 4 */
#define OCC_LIMIT_NITRO_PCRS 32
#define OCC_LIMIT_NITRO_DOCUMENTS 256  /* that a verifier remembers to have verified */
#define OCC_LIMIT_NSM_REQUEST_LEN 4096 /* of the NSM device, each way */
#define OCC_LIMIT_NSM_RESPONSE_LEN 12288
#define OCC_LIMIT_ATTEST_FORMAT_LEN 64 /* bytes of environment.attestation.format, of our own */
#define OCC_LIMIT_ATTEST_USER_DATA 512 /* what a document is asked to hold */
#define OCC_LIMIT_ATTEST_NONCE 512
#define OCC_LIMIT_ATTEST_LEAVES 16384            /* proofs that share a document */
#define OCC_LIMIT_ATTEST_WAITING 32768           /* proofs that wait for one, */
#define OCC_LIMIT_ATTEST_WAITING_ALONE 1024      /* where each has a document of its own; */
#define OCC_LIMIT_ATTEST_FRAMES 1024             /* the frames that they are in, */
#define OCC_LIMIT_ATTEST_WAITING_LEN (64u << 20) /* and memory for them, after which no further one waits */
#define OCC_LIMIT_ATTEST_PROOFS 256           /* digests of one request, where each proof has a document of its own */
#define OCC_LIMIT_DEVICE_STOP_MS 1000         /* a device that does not come back is left behind */
#define OCC_LIMIT_ATTEST_MS 3000              /* for one document: after that the device does not answer */
#define OCC_LIMIT_ATTEST_RETRY_MS 1000        /* between two tries, when the device gave no document */
#define OCC_LIMIT_ATTEST_ASKERS 64            /* nonces of others that wait for a document */
#define OCC_LIMIT_TOKEN_RETRY_MS 1000         /* between two tries to open a hardware token that is away */
#define OCC_LIMIT_ATTEST_CLOCK_MS 2000        /* a clock that is further off than this is said to be */
#define OCC_LIMIT_PATH_CACHE 256              /* verified certificate paths that a verifier remembers */
#define OCC_LIMIT_TOKEN_LEN (256u << 10)      /* an RFC 3161 token with its certificates: real ones have 1 to 6 KiB */
#define OCC_LIMIT_TOKEN_CERTIFICATES 16       /* certificates in one token */
#define OCC_LIMIT_TOKEN_KNOWN 64              /* certificates of tokens that a verifier remembers, */
#define OCC_LIMIT_TOKEN_KNOWN_LEN (8u << 10)  /* each up to so many bytes */
#define OCC_LIMIT_DER_DEPTH 32                /* nested values of a token */
#define OCC_LIMIT_ROOTS 1024                  /* trusted roots that a verifier is given */
#define OCC_LIMIT_ROOTS_LEN (4u << 20)        /* and their PEM text */
#define OCC_LIMIT_VERIFIER_NAMES 100          /* relying party ids, and origins, that a verifier is given */
#define OCC_LIMIT_STRUCT_LEN 4096             /* a struct of libocc's callers that begins with its size */
#define OCC_LIMIT_BATCH_PATH 40               /* hashes in a batch's path: trees of up to 2^40 leaves */
#define OCC_LIMIT_AGENCY_BATCH 10000          /* digests in a peer's batchContext */
#define OCC_LIMIT_AGENCY_NONCE_LEN_MIN 16     /* authorization.nonceB64, */
#define OCC_LIMIT_AGENCY_NONCE_LEN 64         /* bytes */
#define OCC_LIMIT_AGENCY_CHALLENGE_LEN 1024   /* authorization.challenge of a WebAuthn assertion, bytes */
#define OCC_LIMIT_CLIENT_DATA_LEN (16u << 10) /* clientDataJSON */
#define OCC_LIMIT_AUTHENTICATOR_DATA_LEN (4u << 10)

/* An audit (src/audit) */
#define OCC_LIMIT_AUDIT_JOBS 256               /* threads that verify */
#define OCC_LIMIT_AUDIT_BATCH 256              /* proofs that a thread takes at a time, */
#define OCC_LIMIT_AUDIT_BATCH_LEN (256u << 10) /* and after how many bytes a batch is full */
#define OCC_LIMIT_AUDIT_COUNTER_LEN 64         /* digits of a counter that is put in order */
#define OCC_LIMIT_AUDIT_CHAINS 4096            /* chains that are followed as they come, and named in the result */
#define OCC_LIMIT_AUDIT_RANGES 65536           /* ranges of unused counters that a slot may still explain */
#define OCC_LIMIT_AUDIT_STARTS 64              /* chains whose beginning names a proof that is not in the input */
#define OCC_LIMIT_AUDIT_ALTERNATIVES 64        /* proofs with one counter whose link hashes are remembered */
#define OCC_LIMIT_AUDIT_FINDINGS 100000        /* the most findings that can be asked for */
#define OCC_LIMIT_AUDIT_NAME_LEN 128           /* bytes of an epochId that are kept to name a chain */
#define OCC_LIMIT_AUDIT_FILES 1000000          /* files of one audit: their names are held in memory */
#define OCC_LIMIT_AUDIT_ITEM_LEN 2048          /* one record, encoded for sorting */
#define OCC_LIMIT_AUDIT_SORT_LEN (8u << 20)    /* memory for sorting; beyond it, records go to a temporary file */
#define OCC_LIMIT_AUDIT_MERGE 64               /* sorted runs that are merged at a time */

/* What the boundary gives out to be used once (PROTOCOL §3, §6) */
#define OCC_LIMIT_CHALLENGE_MS 60000    /* from POST /challenge to the commit that uses it */
#define OCC_LIMIT_SLOT_MS 120000        /* from POST /allocate-slot to the commit that uses it */
#define OCC_LIMIT_AGENCY_CLOCK_MS 60000 /* authorization.timestamp, before and after the boundary's clock */
#define OCC_LIMIT_SPENT 1000000         /* used challenges and slots that are remembered until they expire */
#define OCC_LIMIT_CHAIN_ID_LEN 64       /* characters of a chainId */
#define OCC_LIMIT_WORKERS 16            /* chains of a boundary that are signed at the same time */
#define OCC_LIMIT_CHAINS 64             /* chains of a boundary, the default one included */
#define OCC_LIMIT_EPOCH_ID_LEN 128      /* bytes of the epochId of a proof that an epoch goes on from: ours have 64 */
#define OCC_LIMIT_SLOT_ID_LEN 512       /* characters of a slotId */

/* The ledger (src/ledger) */
#define OCC_LIMIT_LEDGER_WRITE_ENTRIES 4096      /* results that one transaction takes */
#define OCC_LIMIT_LEDGER_WRITE_TOKENS 65536      /* tokens */
#define OCC_LIMIT_LEDGER_WRITE_LEN (32u << 20)   /* and their bytes */
#define OCC_LIMIT_LEDGER_ROW_LEN (64u << 10)     /* bytes of a row after which another is begun, */
#define OCC_LIMIT_LEDGER_BODY_LEN (6u << 20)     /* and the most that it may have: one proof of the largest kind */
#define OCC_LIMIT_LEDGER_EPOCH_ID_LEN 128        /* bytes of an epochId */
#define OCC_LIMIT_LEDGER_DOCUMENT_LEN_MIN 256    /* bytes of a reportB64 from which on it is stored once, */
#define OCC_LIMIT_LEDGER_DOCUMENT_LEN (96 << 10) /* and up to which: OCC_LIMIT_NITRO_DOCUMENT_LEN in base64 */
#define OCC_LIMIT_LEDGER_TOKEN_LEN \
    (400u << 10)                             /* one TsaToken as JSON: OCC_LIMIT_TOKEN_LEN in base64, and its fields */
#define OCC_LIMIT_LEDGER_FORGET 256          /* repeats that are removed at a time */
#define OCC_LIMIT_LEDGER_DOCUMENTS 16        /* documents put last, which a writer remembers */
#define OCC_LIMIT_LEDGER_TAIL 65536          /* proofs not yet in a run of the digest index, when it keeps up */
#define OCC_LIMIT_LEDGER_PAGE 1000           /* proofs of one page of GET /proofs */
#define OCC_LIMIT_LEDGER_PAGE_LEN (8u << 20) /* and their bytes */
#define OCC_LIMIT_REPEAT_MS (24u * 3600 * 1000) /* how long an Idempotency-Key is remembered */
#define OCC_LIMIT_REPEAT_KEY_LEN 255            /* characters of an Idempotency-Key */
#define OCC_LIMIT_REPEATS_WAITING 1024          /* requests that wait for one with the same Idempotency-Key */
#define OCC_LIMIT_LEDGER_BUSY_MS 5000           /* waiting for a lock of SQLite */
#define OCC_LIMIT_LEDGER_STUCK_MS 10000         /* one transaction: after that nothing new is taken until it ends */
#define OCC_LIMIT_LEDGER_RETRY_MS 1000          /* between two tries, when the ledger could not be written */

/* Timestamp authorities (RFC 3161) */
#define OCC_LIMIT_TSA_AUTHORITIES 8               /* that can be named */
#define OCC_LIMIT_TSA_LATE 100000                 /* tokens that are still to be had, */
#define OCC_LIMIT_TSA_LATE_MS (24u * 3600 * 1000) /* for so long at most */
#define OCC_LIMIT_TSA_ANSWER_LEN (300u << 10)     /* one answer */
#define OCC_LIMIT_TSA_URL_LEN 2048                /* one authority's URL */
#define OCC_LIMIT_TSA_WAITING 32768               /* digests for which tokens are being had; more go without at first */
#define OCC_LIMIT_TSA_KEPT_LEN (64u << 20)      /* tokens of requests that wait; as much again: not in the ledger yet */
#define OCC_LIMIT_TSA_LATE_AT_ONCE 64           /* late ones among them */
#define OCC_LIMIT_TSA_CLOCK_MS (5u * 60 * 1000) /* genTime, before and after our clock */
#define OCC_LIMIT_TSA_FAILURES 5                /* in a row, until an authority is left alone, */
#define OCC_LIMIT_TSA_PAUSE_MIN_MS 1000         /* at first for so long, doubling … */
#define OCC_LIMIT_TSA_PAUSE_MAX_MS (5u * 60 * 1000) /* … up to this; or for what its Retry-After says, */
#define OCC_LIMIT_TSA_RETRY_AFTER_MS (3600u * 1000) /* at most this */

/* Frames between parent and boundary (src/wire) */
#define OCC_LIMIT_FRAME_LEN (24u << 20)        /* a frame: the largest answer and its head */
#define OCC_LIMIT_DOCUMENT_B64_LEN (96u << 10) /* an attestation document in it, in base64 */
#define OCC_LIMIT_FRAME_REQUESTS 1024          /* requests that share a frame */
#define OCC_LIMIT_OPAQUE_LEN 128               /* the parent's own bytes kept with a request */
#define OCC_LIMIT_RETAINED_LEN (64u << 20)     /* results the boundary keeps until they are acknowledged */

/* HTTP, defaults of settings */
#define OCC_LIMIT_HTTP_HEAD_LEN (16u << 10)        /* request line and headers */
#define OCC_LIMIT_HTTP_HEADERS 64                  /* header fields */
#define OCC_LIMIT_HTTP_ANSWER_HEAD_LEN (64u << 10) /* of other servers' answers: heads and trailers */
#define OCC_LIMIT_HTTP_TARGET_LEN 2048             /* request target */
#define OCC_LIMIT_HTTP_BODY_LEN (4u << 20)         /* one body */
#define OCC_LIMIT_HTTP_BODIES_LEN (32u << 20)      /* all bodies held at one time */
#define OCC_LIMIT_HTTP_CONNECTIONS 4096
#define OCC_LIMIT_HTTP_THREADS 16
#define OCC_LIMIT_HTTP_REPORTS 1024           /* of a thread, on their way to the access log, beyond its connections */
#define OCC_LIMIT_HTTP_HEAD_MS 10000          /* from a request's first byte to its head's last */
#define OCC_LIMIT_HTTP_BODY_MS 30000          /* from the head's last byte to the body's */
#define OCC_LIMIT_HTTP_IDLE_MS 60000          /* between two requests */
#define OCC_LIMIT_HTTP_WRITE_MS 30000         /* a client that does not take its answer */
#define OCC_LIMIT_HTTP_WRITE_BYTES_PER_MS 256 /* and a millisecond more for each so many bytes of a long answer */
#define OCC_LIMIT_HTTP_EMPTY_LINES 2          /* in front of a request line */
#define OCC_LIMIT_HTTP_METHOD_LEN 32          /* characters of a method */
#define OCC_LIMIT_HTTP_CHUNK_FRAMING_LEN 1024 /* chunked: bytes between two pieces of data; the trailer section */
#define OCC_LIMIT_HTTP_FIRST_BODY_LEN (64u << 10) /* set aside at most before a body has begun to arrive */
#define OCC_LIMIT_HTTP_DRAIN_LEN (64u << 10)      /* a refused body that is read all the same, to keep the connection */
#define OCC_LIMIT_HTTP_LINGER_LEN (32u << 20)     /* read and thrown away after a last answer, */
#define OCC_LIMIT_HTTP_LINGER_MS 3000             /* so long, so that the client sees the answer and not a reset */
#define OCC_LIMIT_HTTP_PIPELINE_LEN (16u << 10)   /* pipelined bytes after which reading pauses */
#define OCC_LIMIT_HTTP_TURNED_AWAY 64             /* connections over the limit that are told 503 at one time */

/* Rate limits (src/server/limiter.h): a bucket takes 25 bytes, in a table that is there if its limit is set */
#define OCC_LIMIT_RATE 1000000         /* calls in a period */
#define OCC_LIMIT_RATE_ADDRESSES 65536 /* addresses that have a bucket of their own, */
#define OCC_LIMIT_RATE_KEYS 16384      /* and API keys: many more than there can be, so that none shares one */
#define OCC_LIMIT_TRUSTED_PROXIES 64   /* addresses and networks that can be named */
#define OCC_LIMIT_ISSUE_BODY_LEN 1024  /* body of POST /challenge and /allocate-slot */

/* The parent's queues */
#define OCC_LIMIT_COMMIT_WAITING 4096            /* commit requests not yet in a frame */
#define OCC_LIMIT_COMMIT_WAITING_LEN (32u << 20) /* and their bytes */
#define OCC_LIMIT_VERIFY_WAITING 1024            /* verifications not yet begun */
#define OCC_LIMIT_FRAMES_IN_FLIGHT 32            /* with a boundary whose results wait for a document; */
#define OCC_LIMIT_FRAMES_IN_FLIGHT_COMMIT 4      /* each proof for its own: seconds of the device's time; */
#define OCC_LIMIT_FRAMES_IN_FLIGHT_PLAIN 2       /* else: one that the boundary works on, one that is next */
#define OCC_LIMIT_ANSWERS_LEN (64u << 20)        /* proof text that is being made or that clients have not taken */
#define OCC_LIMIT_REPORTS_LEN (32u << 20)        /* reports among them: the rest of that room is for commits */
#define OCC_LIMIT_REPORT_SHORT_LEN (64u << 10)   /* a report that is always sent: a usual one has 1 to 8 KiB */
#define OCC_LIMIT_FRAME_DIGESTS 256              /* digests after which no further request joins a frame; */
#define OCC_LIMIT_FRAME_DIGESTS_WAITING 32       /* where its results wait for a document; */
#define OCC_LIMIT_FRAME_DIGESTS_ALL 2048         /* the same of all its chains together, */
#define OCC_LIMIT_DIGESTS_IN_FLIGHT 3072         /* and of all under way, with the least of a further one; */
#define OCC_LIMIT_DIGESTS_IN_FLIGHT_WAITING 8192 /* where results wait: 60,000/s, and 100 ms for a document */
#define OCC_LIMIT_UNDURABLE_LEN (2u << 20)       /* results on their way to the ledger: then no frame is sent; */
#define OCC_LIMIT_UNDURABLE_LEN_MS (100u << 10)  /* so much more for each millisecond that the last ones took, */
#define OCC_LIMIT_UNDURABLE_LEN_MAX (32u << 20)  /* up to this */
#define OCC_LIMIT_BOUNDARY_MS 5000               /* without an answer: the boundary is stuck */
#define OCC_LIMIT_HEALTH_MS 2000                 /* GET /health waits so long for the boundary */
#define OCC_LIMIT_STATUS_MS 2000                 /* how often a boundary with a device is asked how it is */
#define OCC_LIMIT_STOP_MS 10000                  /* graceful stop: then what is left is cut off */
#define OCC_LIMIT_RECONNECT_MIN_MS 100           /* first wait before the boundary is tried again; doubles … */
#define OCC_LIMIT_RECONNECT_MAX_MS 5000          /* … up to this */
#define OCC_LIMIT_API_KEYS 1000                  /* API keys: each is compared for each request */
#define OCC_LIMIT_API_KEYS_LEN (1u << 20)        /* their file */
#define OCC_LIMIT_LOG_LEN (1u << 20)             /* log lines not yet written; beyond it they are counted and dropped */

#endif
