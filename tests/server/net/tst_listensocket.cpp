// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/listensocket.h"

#include <QTcpSocket>
#include <QTest>

#include <sys/socket.h>
#include <unistd.h>

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
