# Not run: there is no DevStack here. bashate reads it.
#
# Has nova-compute of this node decide disk by disk what a live migration copies.

SELECTIVE_MIGRATE_DIR=$DEST/nova-selective-migrate

function install_selective_migrate {
    setup_develop "$SELECTIVE_MIGRATE_DIR"
}

# nova-compute's own file is a copy of nova.conf, made when it is started.
function configure_selective_migrate {
    iniset "$NOVA_CONF" DEFAULT compute_driver \
        selective_migrate.SelectiveMigrateDriver
    iniset "$NOVA_CONF" selective_migrate enabled True
    iniset "$NOVA_CONF" selective_migrate mode "$SELECTIVE_MIGRATE_MODE"
}

if is_service_enabled n-cpu && [[ "$1" == stack ]]; then
    case "$2" in
        install)
            echo_summary "Installing nova-selective-migrate"
            install_selective_migrate
            ;;
        post-config)
            echo_summary "Configuring nova-selective-migrate"
            configure_selective_migrate
            ;;
    esac
fi
