/* occ — the command line: hash, commit, verify, inspect, key. */
#include <unistd.h>

#include "cli/cli.h"

int
main(int argc, char **argv)
{
    return occ_commands_main(argc, argv, environ);
}
