// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/unixsignals.h"
#include "server/metrics/metrics.h"
#include "server/net/connectionlimiter.h"
#include "server/net/epolldispatcher.h"
#include "server/net/front.h"
#include "server/net/frontmetrics.h"
#include "server/net/iothread.h"
#include "server/net/listensocket.h"
#include "server/net/websocketconnection.h"
#include "server/net/websocketupgrade.h"

#include <QCoreApplication>

#include <cstdio>
#include <memory>

using namespace msgsrv;

namespace {

constexpr qint64 messageLimit = 16 * 1024 * 1024;

/// Sends back what comes, as the kind of message that it was.
class Echo final : public ConnectionHandler
{
public:
    explicit Echo(Connection &connection)
        : m_connection(dynamic_cast<WebSocketConnection &>(connection))
    {
        m_connection.setMessageLimit(messageLimit);
    }

    void onMessage(std::string_view bytes, bool isText, TimePoint) override
    {
        m_connection.send(bytes, isText);
    }
    void onActivity(TimePoint) override { }
    void onWritable() override { }
    void onClosed(bool) override { }
    void onTick(TimePoint) override { }
    void onMessagesReady(const ListeningKey &) override { }
    void onCloseRequested(quint16 code, const QByteArray &reason) override
    {
        m_connection.close(code, reason);
    }

private:
    WebSocketConnection &m_connection;
};

/// The daemon's transport with nothing above it: any path, any subprotocol of ours or none, no Origin asked
/// for, and of the limits only that of a message.
FrontSettings settings(Engine engine)
{
    FrontSettings settings;
    settings.webSocketPath = anyPath;
    settings.engine = engine;
    settings.serverName = "ws-echo";
    settings.origins = *OriginPolicy::parse({"*"});
    settings.limits.fragments = 0;
    settings.limits.controlFrames = 0;
    settings.limits.sendQueue = 0;
    return settings;
}

} // namespace

/// `ws-echo PORT [direct|qt]`: a WebSocket that echoes, on 127.0.0.1, for conformance suites. PORT 0 lets the
/// kernel choose. Prints `ready PORT` when it listens; SIGTERM ends it.
int main(int argc, char **argv)
{
    bool isNumber = false;
    const quint16 port = argc >= 2 ? QByteArray(argv[1]).toUShort(&isNumber) : quint16(0);
    const QByteArray engine = argc == 3 ? QByteArray(argv[2]) : QByteArray("direct");
    if (argc < 2 || argc > 3 || !isNumber || (engine != "direct" && engine != "qt")) {
        std::fprintf(stderr, "usage: ws-echo PORT [direct|qt]\n");
        return 2;
    }
    UnixSignals::block();
    QCoreApplication::setEventDispatcher(new EpollDispatcher); // owned by the application
    QCoreApplication application(argc, argv);
    const UnixSignals unixSignals;
    QObject::connect(&unixSignals, &UnixSignals::terminationRequested, &application, &QCoreApplication::quit);

    auto sockets = ListenSockets::open(QHostAddress::LocalHost, port, 1);
    if (!sockets) {
        std::fprintf(stderr, "ws-echo: %s\n", qPrintable(sockets.error()));
        return 3;
    }
    Metrics metrics;
    FrontMetrics frontMetrics(metrics);
    ConnectionLimiter limiter(0, 0);
    IoThread thread(0);
    std::unique_ptr<Front> front; // the thread's
    const int descriptor = sockets->take(0);
    thread.start([&] {
        front = std::make_unique<Front>(
            settings(engine == "qt" ? Engine::Qt : Engine::Direct), std::vector<HttpRoute>(),
            [](Connection &connection) { return std::make_unique<Echo>(connection); }, &thread, limiter,
            frontMetrics);
        front->listen(descriptor);
        thread.addSweepable(front.get());
    });
    std::printf("ready %d\n", int(sockets->port()));
    std::fflush(stdout);
    const int code = QCoreApplication::exec();
    thread.stop([&front] { front.reset(); });
    return code;
}
