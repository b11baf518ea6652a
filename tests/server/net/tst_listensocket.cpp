// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/listensocket.h"

#include <QFile>
#include <QTcpSocket>
#include <QTest>

#include <algorithm>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace msgsrv;

class ListenSocketTest : public QObject
{
    Q_OBJECT

private slots:
    void theKernelChoosesOnePortForAllOfThem()
    {
        auto sockets = ListenSockets::open(QHostAddress::LocalHost, 0, 4);
        QVERIFY(sockets);
        QVERIFY(sockets->port() != 0);
        for (int i = 0; i < 4; ++i) {
            const int fd = sockets->take(i);
            int listening = 0;
            socklen_t size = sizeof listening;
            QCOMPARE(::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size), 0);
            QCOMPARE(listening, 1);
            ::close(fd);
        }
    }

    void anAddressInUseIsAnErrorEvenThoughBothWouldShareIt()
    {
        const auto first = ListenSockets::open(QHostAddress::LocalHost, 0, 2);
        QVERIFY(first);
        const auto second = ListenSockets::open(QHostAddress::LocalHost, first->port(), 2);
        QVERIFY(!second);
        QVERIFY(second.error().contains(QString::number(first->port())));
        QVERIFY(second.error().contains(QStringLiteral("in use")));
    }

    void theBacklogIsAsDeepAsTheKernelAllows()
    {
        QFile file(QStringLiteral("/proc/sys/net/core/somaxconn"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const int most = file.readAll().trimmed().toInt();
        auto sockets = ListenSockets::open(QHostAddress::LocalHost, 0, 1);
        QVERIFY(sockets);
        const int fd = sockets->take(0);
        tcp_info info{};
        socklen_t size = sizeof info;
        QCOMPARE(::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
        ::close(fd);
        QCOMPARE(ListenSockets::backlog, 4096);
        // Of a listening socket the kernel tells its backlog here (tcp_get_info()).
        QCOMPARE(int(info.tcpi_sacked), std::min(ListenSockets::backlog, most));
    }

    void aStormWaitsWithoutBeingAccepted()
    {
        const auto sockets = ListenSockets::open(QHostAddress::LocalHost, 0, 1);
        QVERIFY(sockets);
        std::vector<std::unique_ptr<QTcpSocket>> clients;
        clients.reserve(300);
        for (int i = 0; i < 300; ++i) {
            clients.push_back(std::make_unique<QTcpSocket>());
            clients.back()->connectToHost(QHostAddress::LocalHost, sockets->port());
        }
        for (const auto &client : clients)
            QVERIFY(client->waitForConnected());
    }

    void aPortIsFreeAgainWhenTheSocketsAreGone()
    {
        quint16 port = 0;
        {
            const auto first = ListenSockets::open(QHostAddress::LocalHost, 0, 2);
            QVERIFY(first);
            port = first->port();
        }
        QVERIFY(ListenSockets::open(QHostAddress::LocalHost, port, 2));
    }

    void anAddressThatIsNotOursIsAnError()
    {
        QVERIFY(!ListenSockets::open(QHostAddress(QStringLiteral("192.0.2.1")), 0, 1));
    }

    void everyAddressIncludesIPv4()
    {
        const auto sockets = ListenSockets::open(QHostAddress::Any, 0, 1);
        QVERIFY(sockets);
        QTcpSocket client;
        client.connectToHost(QHostAddress::LocalHost, sockets->port());
        QVERIFY(client.waitForConnected());
    }
};

QTEST_GUILESS_MAIN(ListenSocketTest)
#include "tst_listensocket.moc"
