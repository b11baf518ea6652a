# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is installed, and the Debian packages that CPack makes of it (`./dev package`). Two components:
#   server    daemon, messagingctl, unit, configuration
#   console   messaging-console with its desktop entry, AppStream metainfo and icons
include(GNUInstallDirs)
set(installer ${CMAKE_CURRENT_LIST_DIR})

# The packaged configuration is the commented one, but that desktop accounts may be let in by a group.
file(READ ${CMAKE_SOURCE_DIR}/resources/config/messaging-server.toml packaged_config)
string(REPLACE "#group = \"\"" "group = \"messaging-admin\"" packaged_config "${packaged_config}")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/installer/messaging-server.toml CONTENT "${packaged_config}" @ONLY)

install(TARGETS messaging-server DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT server)
install(TARGETS messagingctl DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
install(FILES ${CMAKE_BINARY_DIR}/installer/messaging-server.toml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/messaging-server
        COMPONENT server)
install(FILES ${installer}/server/messaging-server.service DESTINATION lib/systemd/system COMPONENT server)
install(FILES ${CMAKE_SOURCE_DIR}/resources/completions/messagingctl.bash RENAME messagingctl
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT server)
install(FILES ${installer}/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/messaging-server COMPONENT server)

install(TARGETS messaging-console DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT console)
install(FILES ${installer}/console/org.messaging_server.Console.desktop
        DESTINATION ${CMAKE_INSTALL_DATADIR}/applications COMPONENT console)
install(FILES ${installer}/console/org.messaging_server.Console.metainfo.xml
        DESTINATION ${CMAKE_INSTALL_DATADIR}/metainfo COMPONENT console)
foreach(size 16 32 48 64 128 256)
    install(FILES ${installer}/console/icon-${size}.png RENAME org.messaging_server.Console.png
            DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/${size}x${size}/apps COMPONENT console)
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/resources/web/icon.svg RENAME org.messaging_server.Console.svg
        DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps COMPONENT console)
install(FILES ${installer}/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/messaging-console COMPONENT console)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME messaging-server)
set(CPACK_PACKAGE_VENDOR "messaging-server")
set(CPACK_PACKAGE_CONTACT "messaging-server developers <messaging-server@localhost>")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${CPACK_PACKAGE_CONTACT}")
set(CPACK_COMPONENTS_ALL server console)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_SET_DESTDIR ON) # /etc is no part of the prefix
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_SERVER_PACKAGE_NAME messaging-server)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.52)")
set(CPACK_COMPONENT_SERVER_DESCRIPTION "Relays offers, answers and candidates between browsers that want to call each
other: sessions over HTTP, messages over STOMP in a WebSocket. With messagingctl,
which shows what is going on.")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA ${installer}/server/conffiles ${installer}/server/postinst
    ${installer}/server/prerm ${installer}/server/postrm)

set(CPACK_DEBIAN_CONSOLE_PACKAGE_NAME messaging-console)
set(CPACK_DEBIAN_CONSOLE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_CONSOLE_PACKAGE_SUGGESTS "messaging-server, openssh-client")
set(CPACK_COMPONENT_CONSOLE_DESCRIPTION "console of messaging-server
Shows sessions, queues and messages of a running messaging-server live, on this
machine or on another, and says in words why a call does not come up.")
include(CPack)
