/* tests/unit/verify/evidence.c — src/verify/evidence.c: the evidence object of the report, whole, and what it leaves out. */
#include "unit/verify/whole.h"

#include "verify/evidence.h"

/* The names of an object's members, in order, each with those of an object below it. */
static void
put_names(struct occ_buf *buf, const struct occ_json *object)
{
    struct occ_json_iter it = { 0 };
    while (occ_json_next(object, &it)) {
        occ_buf_put_str(buf, buf->len == 0 || buf->ptr[buf->len - 1] == '(' ? "" : " ");
        occ_buf_put(buf, it.name);
        if (occ_json_is(it.value, OCC_JSON_OBJECT) && !occ_bytes_is(it.name, "pcrs")) {
            occ_buf_put_byte(buf, '(');
            put_names(buf, it.value);
            occ_buf_put_byte(buf, ')');
        }
    }
}

static void
test_members(void **state)
{
    (void)state;
    struct whole_plan plan = whole_plan();
    plan.form = OCC_ACTOR_WEBAUTHN_BARE;
    plan.epoch_link = true;
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_OK);
    struct occ_json *root = parse_json(occ_report_json(report, NULL));
    const struct occ_json *evidence = occ_json_get(root, "evidence");
    OCC_BUF_AUTO(names, 4096);
    put_names(&names, evidence);
    occ_buf_put_byte(&names, 0);
    assert_string_equal(
        (const char *)names.ptr,
        "actor(verified keyId provider form coversArtifact rpId origin originChecked crossOrigin backedUp) "
        "slot(counter time hashWithoutChainId) epochLink(prevEpochId prevCounter prevProofHashB64) "
        "attestation(verified format binding measurement moduleId time timeAfterCommitMs certificateNotBefore "
        "certificateNotAfter rootSha256 rootIsAws pcrs) "
        "timestamps(artifact(trusted genTime genTimeText accuracyUs authority signer signerSha256 rootSha256 policy "
        "serial "
        "insideAttestationCertificate) proof(trusted genTime genTimeText accuracyUs authority signer signerSha256 "
        "rootSha256 "
        "policy serial insideAttestationCertificate))");
    const struct occ_json *attestation = occ_json_get(evidence, "attestation");
    assert_true(occ_json_number(occ_json_get(attestation, "timeAfterCommitMs")) == 5);
    assert_true(occ_json_is(
        occ_json_get(occ_json_get(occ_json_get(evidence, "timestamps"), "proof"), "insideAttestationCertificate"),
        OCC_JSON_TRUE));
    /* What signatures of their own cover is not advisory; what only the signer says is named. */
    const struct occ_json *proof = occ_json_get(root, "proof");
    OCC_BUF_AUTO(lists, 4096);
    occ_canonical_put(&lists, occ_json_get(proof, "claimed"));
    occ_canonical_put(&lists, occ_json_get(proof, "unsigned"));
    occ_canonical_put(&lists, occ_json_get(proof, "advisory"));
    occ_buf_put_byte(&lists, 0);
    assert_string_equal((const char *)lists.ptr,
                        "[\"time\",\"actor.provider\"]"
                        "[\"metadata\",\"slotAllocation\",\"timestamps\",\"environment.attestation.reportB64\","
                        "\"agency.authorization\"]"
                        "[\"metadata\",\"timestamps.artifact.authority\",\"timestamps.proof.authority\","
                        "\"agency.authorization.timestamp\"]");
    occ_json_free(root);
    occ_report_free(report);
    whole_clear(&whole);
}

/* Anybody makes a token with a fitting genTime: of an authority not trusted, nothing is said about it. */
static void
test_untrusted_inside(void **state)
{
    (void)state;
    const struct whole_plan plan = whole_plan();
    struct whole whole = whole_make(&plan);
    occ_buf_clear(&whole.tsa_root);
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_OK);
    const char *json = occ_report_json(report, NULL);
    assert_non_null(strstr(json, "\"trusted\":false"));
    assert_non_null(strstr(json, "\"attestation\":{\"verified\":true"));
    assert_null(strstr(json, "insideAttestationCertificate"));
    occ_report_free(report);
    whole_clear(&whole);
}

/* PCRs by index, those above 9 too, and only those that are there. */
static void
test_pcrs(void **state)
{
    (void)state;
    struct occ_evidence *evidence = calloc(1, sizeof *evidence);
    assert_non_null(evidence);
    evidence->attestation.read = true;
    for (size_t i = 0; i < OCC_LIMIT_NITRO_PCRS; i += 9) {
        snprintf(evidence->attestation.pcrs[i], 8, "%02zx", i);
    }
    const struct occ_proof proof = { 0 };
    OCC_BUF_AUTO(text, 4096);
    occ_evidence_put(&text, evidence, &proof);
    occ_buf_put_byte(&text, 0);
    assert_string_equal((const char *)text.ptr,
                        ",\"evidence\":{\"attestation\":{\"verified\":false,\"time\":0,\"rootIsAws\":false,"
                        "\"pcrs\":{\"0\":\"00\",\"9\":\"09\",\"18\":\"12\",\"27\":\"1b\"}}}");
    const struct occ_policy_evidence found = occ_evidence_for_policy(evidence);
    assert_null(found.pcrs[0]); /* not verified */
    free(evidence);
}

static void
test_copy(void **state)
{
    (void)state;
    char to[6] = "xxxxx";
    occ_evidence_copy(to, sizeof to, occ_bytes_str("abcde"));
    assert_string_equal(to, "abcde");
    occ_evidence_copy(to, sizeof to, occ_bytes_str("abcdef"));
    assert_string_equal(to, "abcde");
    occ_evidence_copy(to, sizeof to, occ_bytes_str("abc\xe2\x82\xac")); /* cut at a character's edge */
    assert_string_equal(to, "abc");
    occ_evidence_copy(to, sizeof to, occ_bytes_of(NULL, 0));
    assert_string_equal(to, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_members), cmocka_unit_test(test_untrusted_inside),
                                        cmocka_unit_test(test_pcrs), cmocka_unit_test(test_copy) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
