# Sourced: install Debian packages, or say in one line what is missing.

say() {
    echo "nova-selective-migrate: $*" >&2
}

# run_logged WHAT COMMAND...: quiet, one line and the log's name on failure
run_logged() {
    what=$1
    shift
    log=$(mktemp "${TMPDIR:-/tmp}/nova-selective-migrate.XXXXXX")
    if "$@" > "$log" 2>&1; then
        rm -f "$log"
        return
    fi
    cause=$(grep -oE '(E|ERROR): .*' "$log" | head -n 1)
    [ -n "$cause" ] || cause=$(grep . "$log" | tail -n 1)
    say "$what failed: ${cause:-no reason given} (log: $log)"
    exit 2
}

# Services must not start here: the laboratory starts its own daemons.
deny_services() {
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        trap 'exit 130' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod 755 "$policy"
    fi
}

# install_packages NAME...: nothing to do without names
install_packages() {
    [ $# -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
        say "missing system packages, install them as root: $*"
        exit 2
    fi
    say "installing system packages: $*"
    deny_services
    run_logged 'apt-get update' apt-get update -q
    run_logged 'apt-get install' env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$@"
}
