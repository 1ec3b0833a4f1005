/* occ — the command line: hash, commit, verify, inspect, audit, key. */
#include <unistd.h>

#include "cli/cli.h"
#include "codec/json.h"

int
main(int argc, char **argv)
{
    occ_json_watch_memory();
    return occ_commands_main(argc, argv, environ);
}
