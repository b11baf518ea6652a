// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/epolldispatcher.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>

/// For the tests that run on EpollDispatcher. With MSGSRV_STOCK_DISPATCHER=1 in the environment they run on
/// Qt's own dispatcher: what they expect is what Qt does, apart from what is marked with SKIP_ON_STOCK.
namespace msgsrv::epolltest {

/// Null on the stock dispatcher.
inline EpollDispatcher *dispatcher()
{
    return qobject_cast<EpollDispatcher *>(QCoreApplication::eventDispatcher());
}

#define SKIP_ON_STOCK()                                                                                      \
    if (!msgsrv::epolltest::dispatcher())                                                                    \
    QSKIP("only EpollDispatcher does this")

/// Runs one turn that waits, and tells how long it took in ms.
inline qint64 waitOnce(QEventLoop::ProcessEventsFlags flags = {})
{
    QElapsedTimer timer;
    timer.start();
    QCoreApplication::eventDispatcher()->processEvents(flags | QEventLoop::WaitForMoreEvents);
    return timer.elapsed();
}

/// Runs turns until nothing is left to do.
inline void settle()
{
    while (QCoreApplication::eventDispatcher()->processEvents(QEventLoop::AllEvents)) { }
}

/// A server whose connections send back what they get.
class EchoServer : public QTcpServer
{
public:
    EchoServer()
    {
        if (!listen(QHostAddress::LocalHost))
            qFatal("cannot listen");
        connect(this, &QTcpServer::newConnection, this, [this] {
            while (auto *socket = nextPendingConnection()) {
                connect(socket, &QTcpSocket::readyRead, socket,
                        [socket] { socket->write(socket->readAll()); });
                connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
            }
        });
    }
};

/// Runs @p Test on the dispatcher that the environment asks for.
template <typename Test>
int run(int argc, char **argv)
{
    if (qEnvironmentVariableIsSet("MSGSRV_STOCK_DISPATCHER"))
        qputenv("QT_NO_GLIB", "1");
    else
        QCoreApplication::setEventDispatcher(new EpollDispatcher);
    QCoreApplication application(argc, argv);
    Test test;
    return QTest::qExec(&test, argc, argv);
}

} // namespace msgsrv::epolltest
