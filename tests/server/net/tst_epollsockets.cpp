// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/joinedthread.h"
#include "tests/server/net/epolltest.h"

#include <QEventLoop>
#include <QFile>
#include <QLocalServer>
#include <QLocalSocket>
#include <QNetworkDatagram>
#include <QProcess>
#include <QSignalSpy>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslServer>
#include <QSslSocket>
#include <QTemporaryDir>
#include <QTimer>
#include <QUdpSocket>

#include <memory>
#include <vector>

using namespace msgsrv;
using namespace msgsrv::epolltest;

namespace {

/// Both ends of a TCP connection in this thread.
struct Connection
{
    Connection()
    {
        if (!server.listen(QHostAddress::LocalHost))
            qFatal("cannot listen");
        client.connectToHost(QHostAddress::LocalHost, server.serverPort());
        if (!client.waitForConnected() || !server.waitForNewConnection(5000))
            qFatal("cannot connect");
        peer.reset(server.nextPendingConnection());
    }
    QTcpServer server;
    QTcpSocket client;
    std::unique_ptr<QTcpSocket> peer;
};

} // namespace

class EpollSocketsTest : public QObject
{
    Q_OBJECT

private slots:
    void init() { settle(); }
    void echoes();
    void writesOfOneTurnGoOutWithoutEpoll();
    void aRefusedConnectionIsTold();
    void blockingCallsAndTheLoopMix();
    void aSlowReaderCausesNoBusyLoop();
    void aFullReadBufferCausesNoBusyLoop();
    void aPeerThatLeavesIsNoticedBehindAFullBuffer();
    void manyShortConnectionsReuseDescriptors();
    void localSockets();
    void processes();
    void datagrams();
    void tls();
    void aWorkerThreadServes();
};

void EpollSocketsTest::echoes()
{
    EchoServer server;
    for (int i = 0; i < 50; ++i) {
        QTcpSocket client;
        QByteArray got;
        connect(&client, &QTcpSocket::connected, &client, [&] { client.write(QByteArray(300000, 'x')); });
        connect(&client, &QTcpSocket::readyRead, &client, [&] { got += client.readAll(); });
        client.connectToHost(QHostAddress::LocalHost, server.serverPort());
        QTRY_COMPARE(got.size(), 300000);
    }
}

void EpollSocketsTest::writesOfOneTurnGoOutWithoutEpoll()
{
    SKIP_ON_STOCK();
    Connection connection;
    settle();
    const auto before = dispatcher()->statistics();
    for (int round = 1; round <= 10; ++round) {
        for (int i = 0; i < 100; ++i)
            connection.client.write("0123456789");
        QTRY_COMPARE(connection.peer->bytesAvailable(), round * 1000);
    }
    const auto after = dispatcher()->statistics();
    QCOMPARE(after.controls, before.controls);
    QCOMPARE(after.optimisticWrites - before.optimisticWrites, std::uint64_t(10));
}

void EpollSocketsTest::aRefusedConnectionIsTold()
{
    quint16 port = 0;
    {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        port = server.serverPort();
    }
    for (int i = 0; i < 20; ++i) {
        QTcpSocket client;
        QSignalSpy failed(&client, &QTcpSocket::errorOccurred);
        client.connectToHost(QHostAddress::LocalHost, port);
        QTRY_COMPARE(failed.count(), 1);
        QCOMPARE(client.error(), QAbstractSocket::ConnectionRefusedError);
        QCOMPARE(client.state(), QAbstractSocket::UnconnectedState);
    }
}

void EpollSocketsTest::blockingCallsAndTheLoopMix()
{
    Connection connection;
    connection.peer->write("one");
    QVERIFY(connection.peer->waitForBytesWritten());
    QVERIFY(connection.client.waitForReadyRead());
    QCOMPARE(connection.client.readAll(), QByteArray("one"));
    QSignalSpy ready(&connection.client, &QTcpSocket::readyRead);
    connection.peer->write("two");
    QTRY_COMPARE(ready.count(), 1);
    QCOMPARE(connection.client.readAll(), QByteArray("two"));
}

void EpollSocketsTest::aSlowReaderCausesNoBusyLoop()
{
    constexpr qint64 size = 20000000;
    Connection connection;
    connection.client.setReadBufferSize(1000);
    connection.peer->write(QByteArray(size, 'z'));
    QTRY_VERIFY(connection.client.bytesAvailable() >= 1000);
    QTest::qWait(50);
    QVERIFY(connection.peer->bytesToWrite() > 0);
    if (dispatcher()) {
        // nobody reads, so nothing happens: whoever spins makes thousands of turns in this time
        const auto before = dispatcher()->statistics().waits;
        QEventLoop loop;
        QTimer::singleShot(100, &loop, &QEventLoop::quit);
        loop.exec();
        QVERIFY(dispatcher()->statistics().waits - before < 20);
    }
    qint64 got = 0;
    connection.client.setReadBufferSize(0);
    connect(&connection.client, &QTcpSocket::readyRead, this,
            [&] { got += connection.client.readAll().size(); });
    got += connection.client.readAll().size();
    QTRY_COMPARE_WITH_TIMEOUT(got, size, 30000);
    QCOMPARE(connection.peer->bytesToWrite(), 0);
}

void EpollSocketsTest::aFullReadBufferCausesNoBusyLoop()
{
    Connection connection;
    connection.client.setReadBufferSize(100);
    connection.peer->write(QByteArray(10000, 'z'));
    QTRY_COMPARE(connection.client.bytesAvailable(), 100);
    connection.peer->disconnectFromHost();
    if (dispatcher()) {
        const auto before = dispatcher()->statistics().waits;
        QEventLoop loop;
        QTimer::singleShot(100, &loop, &QEventLoop::quit);
        loop.exec();
        QVERIFY(dispatcher()->statistics().waits - before < 20);
    }
    qint64 got = connection.client.readAll().size();
    connect(&connection.client, &QTcpSocket::readyRead, this,
            [&] { got += connection.client.readAll().size(); });
    QTRY_COMPARE(got, 10000);
    QTRY_COMPARE(connection.client.state(), QAbstractSocket::UnconnectedState);
}

void EpollSocketsTest::aPeerThatLeavesIsNoticedBehindAFullBuffer()
{
    Connection connection;
    connection.client.setReadBufferSize(100);
    connection.peer->write(QByteArray(10000, 'z'));
    QTRY_COMPARE(connection.client.bytesAvailable(), 100);
    connection.peer->setReadBufferSize(1); // reads nothing of what comes now
    connection.client.write(QByteArray(20000000, 'y')); // more than the kernel takes: waits to be written
    QTRY_VERIFY(connection.peer->bytesAvailable() > 0);
    QVERIFY(connection.client.bytesToWrite() > 0);
    QSignalSpy gone(&connection.client, &QTcpSocket::disconnected);
    connection.peer->abort(); // resets
    QTRY_COMPARE(gone.count(), 1);
}

void EpollSocketsTest::manyShortConnectionsReuseDescriptors()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    int gone = 0;
    connect(&server, &QTcpServer::newConnection, this, [&] {
        while (auto *socket = server.nextPendingConnection()) {
            connect(socket, &QTcpSocket::readyRead, socket, [socket] {
                socket->write("answer");
                socket->disconnectFromHost();
            });
            connect(socket, &QTcpSocket::disconnected, socket, [&gone, socket] {
                ++gone;
                socket->deleteLater();
            });
        }
    });
    int answered = 0;
    for (int round = 0; round < 20; ++round) {
        std::vector<std::unique_ptr<QTcpSocket>> clients;
        int finished = 0;
        for (int i = 0; i < 40; ++i) {
            clients.push_back(std::make_unique<QTcpSocket>());
            auto *client = clients.back().get();
            connect(client, &QTcpSocket::connected, client, [client] { client->write("question"); });
            connect(client, &QTcpSocket::disconnected, client, [&, client] {
                ++finished;
                answered += client->readAll() == "answer" ? 1 : 0;
            });
            client->connectToHost(QHostAddress::LocalHost, server.serverPort());
        }
        QTRY_COMPARE(finished, 40);
    }
    QCOMPARE(answered, 800);
    QTRY_COMPARE(gone, 800);
}

void EpollSocketsTest::localSockets()
{
    const QTemporaryDir directory;
    const auto path = directory.filePath(QStringLiteral("socket"));
    QLocalServer server;
    QVERIFY(server.listen(path));
    connect(&server, &QLocalServer::newConnection, this, [&] {
        auto *socket = server.nextPendingConnection();
        connect(socket, &QLocalSocket::readyRead, socket, [socket] { socket->write(socket->readAll()); });
    });
    QLocalSocket client;
    QByteArray got;
    connect(&client, &QLocalSocket::readyRead, this, [&] { got += client.readAll(); });
    client.connectToServer(path);
    client.write(QByteArray(100000, 'l'));
    QTRY_COMPARE(got.size(), 100000);
}

void EpollSocketsTest::processes()
{
    QProcess process;
    QSignalSpy finished(&process, &QProcess::finished);
    process.start(QStringLiteral("/bin/cat"), {});
    process.write(QByteArray(1000000, 'p'));
    process.closeWriteChannel();
    QTRY_COMPARE(finished.count(), 1);
    QCOMPARE(process.exitCode(), 0);
    QCOMPARE(process.readAllStandardOutput().size(), 1000000);
}

void EpollSocketsTest::datagrams()
{
    QUdpSocket receiver;
    QUdpSocket sender;
    QVERIFY(receiver.bind(QHostAddress::LocalHost));
    int count = 0;
    connect(&receiver, &QUdpSocket::readyRead, this, [&] {
        while (receiver.hasPendingDatagrams()) {
            QCOMPARE(receiver.receiveDatagram().data(), QByteArray("datagram"));
            ++count;
        }
    });
    for (int i = 0; i < 50; ++i)
        QCOMPARE(sender.writeDatagram("datagram", QHostAddress::LocalHost, receiver.localPort()), 8);
    QTRY_COMPARE(count, 50);
}

void EpollSocketsTest::tls()
{
    const QTemporaryDir directory;
    const auto keyPath = directory.filePath(QStringLiteral("key.pem"));
    const auto certificatePath = directory.filePath(QStringLiteral("certificate.pem"));
    QProcess openssl;
    openssl.start(QStringLiteral("openssl"),
                  QStringLiteral("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
                                 "-subj /CN=localhost -keyout %1 -out %2")
                      .arg(keyPath, certificatePath)
                      .split(u' '));
    QVERIFY2(openssl.waitForFinished() && openssl.exitCode() == 0,
             openssl.readAllStandardError().constData());
    QFile key(keyPath);
    QFile certificate(certificatePath);
    QVERIFY(key.open(QIODevice::ReadOnly) && certificate.open(QIODevice::ReadOnly));

    auto configuration = QSslConfiguration::defaultConfiguration();
    configuration.setPrivateKey(QSslKey(key.readAll(), QSsl::Ec));
    configuration.setLocalCertificate(QSslCertificate(certificate.readAll()));
    QSslServer server;
    server.setSslConfiguration(configuration);
    QVERIFY(server.listen(QHostAddress::LocalHost));
    connect(&server, &QSslServer::pendingConnectionAvailable, this, [&] {
        auto *socket = server.nextPendingConnection();
        connect(socket, &QTcpSocket::readyRead, socket, [socket] { socket->write(socket->readAll()); });
        socket->write(socket->readAll());
    });
    QSslSocket client;
    client.setPeerVerifyMode(QSslSocket::VerifyNone);
    QByteArray got;
    connect(&client, &QSslSocket::encrypted, this, [&] { client.write(QByteArray(500000, 't')); });
    connect(&client, &QSslSocket::readyRead, this, [&] { got += client.readAll(); });
    client.connectToHostEncrypted(QStringLiteral("127.0.0.1"), server.serverPort());
    QTRY_COMPARE_WITH_TIMEOUT(got.size(), 500000, 30000);
}

void EpollSocketsTest::aWorkerThreadServes()
{
    JoinedThread thread;
    if (dispatcher())
        thread.setEventDispatcher(new EpollDispatcher);
    QObject worker;
    worker.moveToThread(&thread);
    thread.start();
    std::unique_ptr<EchoServer> server;
    quint16 port = 0;
    QMetaObject::invokeMethod(
        &worker,
        [&] {
            server = std::make_unique<EchoServer>();
            port = server->serverPort();
        },
        Qt::BlockingQueuedConnection);
    {
        QTcpSocket client;
        client.connectToHost(QHostAddress::LocalHost, port);
        client.write("across");
        QTRY_COMPARE(client.bytesAvailable(), 6);
    }
    QMetaObject::invokeMethod(
        &worker, [&] { server.reset(); }, Qt::BlockingQueuedConnection);
    thread.quit();
    thread.join();
}

int main(int argc, char **argv)
{
    return run<EpollSocketsTest>(argc, argv);
}

#include "tst_epollsockets.moc"
