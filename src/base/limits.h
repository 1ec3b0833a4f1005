/*
 * limits.h — every limit of the project, in one place (DESIGN §4, promise 5). Sizes in bytes, times in milliseconds.
 * Those that an operator may change are defaults here and settings in server/.
 */
#ifndef OCC_BASE_LIMITS_H
#define OCC_BASE_LIMITS_H

/* JSON (PROTOCOL §1) */
#define OCC_LIMIT_JSON_DEPTH 64       /* of a body */
#define OCC_LIMIT_JSON_VALUE_DEPTH 32 /* of a value that a caller puts into a proof */

/* Proofs (PROTOCOL §2, §3) */
#define OCC_LIMIT_VALUE_LEN (16u << 10)   /* canonical text of one value that a caller puts into a proof */
#define OCC_LIMIT_ANSWER_LEN (16u << 20)  /* proof text of one answer to POST /commit */
#define OCC_LIMIT_PROOF_LEN (4u << 20)    /* one proof that is verified: documents and tokens are far smaller */
#define OCC_LIMIT_PROOFS_LEN (64u << 20)  /* a file with an array of proofs, read whole by occ verify */
#define OCC_LIMIT_BATCH_DIGESTS 1000      /* digests of one request, default */
#define OCC_LIMIT_BATCH_DIGESTS_MAX 10000 /* the most an operator can allow */
#define OCC_LIMIT_MEASUREMENT_LEN 256     /* characters of environment.measurement */
#define OCC_LIMIT_POLICY_LIST 10000       /* entries of one list in a policy */

/* Frames between parent and boundary (src/wire) */
#define OCC_LIMIT_FRAME_LEN (24u << 20)    /* a frame: the largest answer and its head */
#define OCC_LIMIT_FRAME_REQUESTS 1024      /* requests that share a frame */
#define OCC_LIMIT_OPAQUE_LEN 128           /* the parent's own bytes kept with a request */
#define OCC_LIMIT_RETAINED_LEN (64u << 20) /* results the boundary keeps until they are acknowledged */

/* HTTP, defaults of settings */
#define OCC_LIMIT_HTTP_HEAD_LEN (16u << 10)   /* request line and headers */
#define OCC_LIMIT_HTTP_HEADERS 64             /* header fields */
#define OCC_LIMIT_HTTP_TARGET_LEN 2048        /* request target */
#define OCC_LIMIT_HTTP_BODY_LEN (4u << 20)    /* one body */
#define OCC_LIMIT_HTTP_BODIES_LEN (32u << 20) /* all bodies held at one time */
#define OCC_LIMIT_HTTP_CONNECTIONS 4096
#define OCC_LIMIT_HTTP_HEAD_MS 10000  /* from a request's first byte to its head's last */
#define OCC_LIMIT_HTTP_BODY_MS 30000  /* from the head's last byte to the body's */
#define OCC_LIMIT_HTTP_IDLE_MS 60000  /* between two requests */
#define OCC_LIMIT_HTTP_WRITE_MS 30000 /* a client that does not take its answer */

/* The parent's queues */
#define OCC_LIMIT_COMMIT_WAITING 4096            /* commit requests not yet in a frame */
#define OCC_LIMIT_COMMIT_WAITING_LEN (32u << 20) /* and their bytes */
#define OCC_LIMIT_VERIFY_WAITING 1024            /* verifications not yet begun */
#define OCC_LIMIT_FRAMES_IN_FLIGHT 2             /* one that the boundary works on, one that is next */
#define OCC_LIMIT_FRAME_DIGESTS 256              /* digests after which no further request joins a frame */
#define OCC_LIMIT_BOUNDARY_MS 5000               /* without an answer: the boundary is stuck */
#define OCC_LIMIT_HEALTH_MS 2000                 /* GET /health waits so long for the boundary */
#define OCC_LIMIT_STOP_MS 10000                  /* graceful stop: then what is left is cut off */

#endif
