# shellcheck shell=bash
# lib.sh: what the scripts share. Sourced, never run. Sets root (the project's folder) and cd's there.
set -euo pipefail

unset CDPATH # with it cd says where it went, and may go elsewhere
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# Scripts read the text of tools: keep it English, and sorted the same everywhere.
export LC_ALL=C.UTF-8
# Not the first python3 of PATH: that may be one without the distribution's packages.
# shellcheck disable=SC2034 # used by the scripts that source this
python=/usr/bin/python3

say() {
    printf '==> %s\n' "$*"
}

# fail EXIT-CODE SENTENCE…
fail() {
    local code=$1
    shift
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "$code"
}

# The header comment of the running script is its help text.
show_help() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

jobs_count() {
    nproc 2>/dev/null || echo 2
}

# configure PRESET [cmake argument…]: only if it was not configured yet (ninja does it again by itself when a
# CMakeLists.txt changes). Output goes to build/PRESET.log.
configure() {
    local preset=$1 log=build/$1.log
    shift
    mkdir -p build
    if [ -f "build/$preset/build.ninja" ] && [ "build/$preset/build.ninja" -nt CMakePresets.json ]; then
        return 0
    fi
    local launcher=()
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    if ! cmake --preset "$preset" "${launcher[@]}" "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "configuring the preset $preset failed: the whole output is in $log" >&2
        return 1
    fi
}

# build PRESET [target…]: configures where needed and builds all that can be built; quiet unless it fails. On a terminal ninja shows its progress.
build() {
    local preset=$1 log=build/$1.log targets=()
    configure "$preset" || return 1
    shift
    if [ $# -gt 0 ]; then
        targets=(--target "$@")
    fi
    if [ -t 1 ]; then
        cmake --build "build/$preset" --parallel "$(jobs_count)" "${targets[@]}" -- -k 0 && return 0
    else
        cmake --build "build/$preset" --parallel "$(jobs_count)" "${targets[@]}" -- -k 0 >"$log" 2>&1 && return 0
        grep -E -A12 'error:|FAILED|undefined reference|CMake Error' "$log" | head -n 80 >&2 || tail -n 40 "$log" >&2
        echo "building the preset $preset failed: the whole output is in $log" >&2
    fi
    return 1
}

# Whether lib25519 is there: installed, or where scripts/deps puts it.
has_lib25519() {
    [ -f "$root/build/debian13/.librandombytes-dev.trixie.binary" ] || [ -f /usr/include/lib25519.h ]
}

# For tests/bench/floor.c, nothing where lib25519 is not.
lib25519_flags() {
    has_lib25519 || return 0
    local where=$root/build/debian13/usr
    echo "-DFLOOR_LIB25519 -I$where/include -L$where/lib/$(gcc -print-multiarch) -l25519 -lrandombytes"
}
