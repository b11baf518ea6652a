// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/localwire.h"
#include "admin-gui/client/sshwire.h"
#include "admin-gui/client/tlsaccess.h"
#include "admin-gui/client/tlswire.h"

#include <QFile>
#include <QLocalServer>
#include <QLocalSocket>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QTest>

using namespace msgsrv::console;

namespace {

/// Stands in for ssh: understands what SshWire calls it with, and forwards in its own way.
const char fakeSsh[] = R"PY(#!/usr/bin/env python3
import socket, sys, threading
arguments = sys.argv[1:]
assert "-N" in arguments and "ExitOnForwardFailure=yes" in arguments and arguments[-2] == "--"
if arguments[-1] == "nowhere":
    sys.stderr.write("ssh: Could not resolve hostname nowhere\n")
    sys.exit(255)
local, there = arguments[arguments.index("-L") + 1].split(":")
listener = socket.socket(socket.AF_UNIX)
listener.bind(local)
listener.listen()
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for end in (a, b):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
while True:
    client, _ = listener.accept()
    try:
        server = socket.socket(socket.AF_UNIX)
        server.connect(there)
    except OSError:
        client.close()
        continue
    for pair in ((client, server), (server, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
)PY";

} // namespace

class TestWires : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void sshBringsTheSocketHere();
    void sshThatFailsSaysWhy();
    void sshWithoutAServerThereSaysSo();
    void sshEndsWithItsWire();
    void noHostIsNoOption();
    void tlsAddresses_data();
    void tlsAddresses();
    void tlsFilesThatAreNoneAreTold();
    void tlsSpeaksToNobodyWhoSpeaksPlainly();

private:
    QTemporaryDir m_folder;
    QString m_ssh;
};

void TestWires::initTestCase()
{
    m_ssh = m_folder.filePath(QStringLiteral("ssh"));
    QFile file(m_ssh);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(fakeSsh) > 0);
    file.close();
    QVERIFY(file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
}

void TestWires::sshBringsTheSocketHere()
{
    QLocalServer server;
    QVERIFY(server.listen(m_folder.filePath(QStringLiteral("there.sock"))));
    SshWire wire({QStringLiteral("far"), server.fullServerName()}, m_ssh);
    QSignalSpy opened(&wire, &Wire::opened);
    QSignalSpy received(&wire, &Wire::received);
    QSignalSpy closed(&wire, &Wire::closed);
    wire.open();
    QTRY_COMPARE(opened.size(), 1);
    QTRY_VERIFY(server.hasPendingConnections());
    QLocalSocket *peer = server.nextPendingConnection();
    wire.send("ping\n");
    QTRY_COMPARE(peer->bytesAvailable(), 5);
    peer->write("pong\n");
    QTRY_VERIFY(!received.isEmpty());
    QCOMPARE(received.first().first().toByteArray(), QByteArray("pong\n"));
    peer->disconnectFromServer();
    QTRY_VERIFY(!closed.isEmpty());
}

void TestWires::sshThatFailsSaysWhy()
{
    SshWire wire({QStringLiteral("nowhere"), {}}, m_ssh);
    QSignalSpy closed(&wire, &Wire::closed);
    wire.open();
    QTRY_COMPARE(closed.size(), 1);
    QVERIFY(closed.first().first().toString().contains(QStringLiteral("Could not resolve")));
    SshWire none({QStringLiteral("far"), {}}, m_folder.filePath(QStringLiteral("no-such-program")));
    QSignalSpy noneClosed(&none, &Wire::closed);
    none.open();
    QTRY_COMPARE(noneClosed.size(), 1);
    QVERIFY(noneClosed.first().first().toString().contains(QStringLiteral("cannot be started")));
}

void TestWires::sshWithoutAServerThereSaysSo()
{
    SshWire wire({QStringLiteral("far"), m_folder.filePath(QStringLiteral("nobody.sock"))}, m_ssh);
    QSignalSpy closed(&wire, &Wire::closed);
    wire.open();
    QTRY_VERIFY(!closed.isEmpty());
    QVERIFY(closed.first().first().toString().contains(QStringLiteral("nobody.sock on far")));
}

void TestWires::sshEndsWithItsWire()
{
    QLocalServer server;
    QVERIFY(server.listen(m_folder.filePath(QStringLiteral("ending.sock"))));
    auto wire = std::make_unique<SshWire>(SshAccess{QStringLiteral("far"), server.fullServerName()}, m_ssh);
    QSignalSpy opened(wire.get(), &Wire::opened);
    wire->open();
    QTRY_COMPARE(opened.size(), 1);
    QTRY_VERIFY(server.hasPendingConnections());
    QLocalSocket *peer = server.nextPendingConnection();
    wire.reset(); // waits for ssh
    QTRY_COMPARE(peer->state(), QLocalSocket::UnconnectedState);
}

void TestWires::noHostIsNoOption()
{
    SshWire wire({QStringLiteral("-oProxyCommand=touch /tmp/evil"), {}}, m_ssh);
    QSignalSpy closed(&wire, &Wire::closed);
    wire.open();
    QTRY_COMPARE(closed.size(), 1);
    QVERIFY(closed.first().first().toString().contains(QStringLiteral("no host")));
}

void TestWires::tlsAddresses_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("host");
    QTest::addColumn<int>("port");
    const auto good = [](const char *text, const char *host, int port) {
        QTest::newRow(text) << QString::fromLatin1(text) << QString::fromLatin1(host) << port;
    };
    good("example.org:8082", "example.org", 8082);
    good("192.0.2.1:1", "192.0.2.1", 1);
    good("[2001:db8::1]:65535", "2001:db8::1", 65'535);
    for (const char *bad : {"", "example.org", ":8082", "example.org:", "example.org:0", "example.org:65536",
                            "2001:db8::1:80", "a b:80", "example.org:80x"})
        good(bad, "", 0);
}

void TestWires::tlsAddresses()
{
    QFETCH(QString, text);
    QFETCH(QString, host);
    QFETCH(int, port);
    TlsAccess access;
    QCOMPARE(access.setAddress(text), port != 0);
    QCOMPARE(access.host, host);
    QCOMPARE(int(access.port), port);
    if (port != 0)
        QCOMPARE(access.address(), text);
}

void TestWires::tlsFilesThatAreNoneAreTold()
{
    QFile file(m_folder.filePath(QStringLiteral("garbage.pem")));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("garbage") > 0);
    file.close();
    TlsAccess access;
    QVERIFY(access.configuration());
    access.caFile = file.fileName();
    QVERIFY(access.configuration().error().contains(QStringLiteral("holds no certificate")));
    access.caFile = m_folder.filePath(QStringLiteral("none"));
    QVERIFY(access.configuration().error().contains(QStringLiteral("cannot be read")));
    access = {};
    access.certificateFile = file.fileName();
    QVERIFY(!access.configuration());
}

void TestWires::tlsSpeaksToNobodyWhoSpeaksPlainly()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    connect(&server, &QTcpServer::newConnection, &server, [&server] {
        server.nextPendingConnection()->write("{\"jsonrpc\":\"2.0\",\"method\":\"hello\",\"params\":{}}\n");
    });
    TlsAccess access;
    QVERIFY(access.setAddress(QStringLiteral("127.0.0.1:%1").arg(server.serverPort())));
    TlsWire wire(access);
    QSignalSpy opened(&wire, &Wire::opened);
    QSignalSpy received(&wire, &Wire::received);
    QSignalSpy closed(&wire, &Wire::closed);
    wire.open();
    QTRY_VERIFY(!closed.isEmpty());
    QVERIFY(opened.isEmpty() && received.isEmpty());
    server.close();
    TlsWire nobody(access);
    QSignalSpy nobodyClosed(&nobody, &Wire::closed);
    nobody.open();
    QTRY_VERIFY(!nobodyClosed.isEmpty());
    QVERIFY(nobodyClosed.first().first().toString().contains(QStringLiteral("Nothing listens")));
}

QTEST_GUILESS_MAIN(TestWires)
#include "tst_wires.moc"
