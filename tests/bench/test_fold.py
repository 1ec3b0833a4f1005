"""fold.py: stacks of perf, as it prints them, and what they are called."""
import fold

MODULES = {"occ_buf_put": ["base"], "advance": ["ledger", "net"], "occ_http_respond": ["net"], "on_read": ["net"], "occ_sha256": ["crypto"]}

TEXT = """
\t    556c365aa280 advance+0x10 (/x/bin/occd)
\t    556c365aa280 on_read (/x/bin/occd)

\tffffffff8220183b _raw_spin_unlock_bh ([kernel.kallsyms])
\tffffffff8200ec65 tcp_sendmsg ([kernel.kallsyms])
\t           fde9d __GI___writev (/usr/lib/x86_64-linux-gnu/libc.so.6)

\t           f82ec occ_buf_put.part.0 (/x/bin/occd)
\t           f82ec [unknown] ([unknown])

\t           f82ec ge25519_scalarmult_base (/usr/lib/x86_64-linux-gnu/libsodium.so.23)
"""


def test_each_sample_belongs_to_one_part():
    assert fold.fold(TEXT, MODULES) == {
        "our net": 1, "kernel: answers and requests over loopback": 1, "our base": 1, "libsodium: Ed25519": 1}


def test_a_name_in_two_modules_is_its_callers():
    assert fold.module_of([("advance", ""), ("occ_http_respond", "")], MODULES) == "our net"
    assert fold.module_of([("advance", ""), ("occ_sha256", "")], MODULES) == "our ledger"  # nothing decides: the first
    assert fold.module_of([("main", "")], MODULES) == "our programs, not told apart"


def test_the_kernel_by_what_it_was_asked_for():
    def kernel(*names):
        return fold.kernel_part([(name, "[kernel.kallsyms]") for name in names])

    assert kernel("memcpy", "unix_stream_sendmsg", "sock_write_iter") == "kernel: frames between the two processes"
    assert kernel("finish_task_switch.isra.0", "schedule", "unix_stream_read_generic") == "kernel: waiting and waking"
    assert kernel("iowrite16", "ext4_sync_file", "do_fsync") == "kernel: sync of the ledger"
    assert kernel("ext4_write_begin", "vfs_write") == "kernel: writes of the ledger"
    assert kernel("irq_exit") == "kernel: the rest"
