// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/front.h"
#include "server/net/iothread.h"
#include "server/net/listensocket.h"

#include <QTcpSocket>
#include <QTest>

#include <fcntl.h>
#include <future>
#include <memory>
#include <unistd.h>
#include <vector>

using namespace msgsrv;

namespace {

/// Descriptors that do nothing but take the place of others.
class Fillers
{
public:
    explicit Fillers(int count)
    {
        for (int i = 0; i < count; ++i)
            m_descriptors.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    ~Fillers() { clear(); }
    Fillers(const Fillers &) = delete;
    Fillers &operator=(const Fillers &) = delete;

    void clear()
    {
        for (const int descriptor : m_descriptors)
            ::close(descriptor);
        m_descriptors.clear();
    }
    [[nodiscard]] int last() const { return m_descriptors.back(); }

private:
    std::vector<int> m_descriptors;
};

} // namespace

/// Accepting when descriptors run out, with a ceiling in the place of RLIMIT_NOFILE.
class ListenerTest : public QObject
{
    Q_OBJECT

private:
    Metrics m_metrics;
    FrontMetrics m_frontMetrics{m_metrics};
    ConnectionLimiter m_limiter{0, 0};
    std::unique_ptr<IoThread> m_thread;
    std::unique_ptr<Front> m_front; // the thread's
    quint16 m_port = 0;

    void startWith(int descriptorCeiling, int acceptsPerTurn = 64)
    {
        auto sockets = ListenSockets::open(QHostAddress::LocalHost, 0, 1);
        QVERIFY(sockets);
        m_port = sockets->port();
        m_thread = std::make_unique<IoThread>(0);
        const int descriptor = sockets->take(0);
        m_thread->start([this, descriptorCeiling, acceptsPerTurn, descriptor] {
            FrontSettings settings;
            settings.descriptorCeiling = descriptorCeiling;
            settings.limits.acceptsPerTurn = acceptsPerTurn;
            m_front = std::make_unique<Front>(settings, std::vector<HttpRoute>{}, Front::HandlerFactory(),
                                              m_thread.get(), m_limiter, m_frontMetrics);
            m_front->listen(descriptor);
            m_thread->addSweepable(m_front.get());
        });
    }
    std::unique_ptr<QTcpSocket> dial() const
    {
        auto socket = std::make_unique<QTcpSocket>();
        socket->connectToHost(QHostAddress::LocalHost, m_port);
        [&] { QVERIFY(socket->waitForConnected()); }();
        return socket;
    }
    /// Asks for a path that is not there; the answer, or nothing when none comes.
    static QByteArray ask(QTcpSocket &socket)
    {
        socket.write("GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        QByteArray answer;
        while (socket.waitForReadyRead(10'000))
            answer += socket.readAll();
        return answer;
    }
    [[nodiscard]] QByteArray rejected() const
    {
        return metric("messaging_connections_rejected_total{reason=\"descriptors\"} ");
    }
    [[nodiscard]] QByteArray metric(const QByteArray &name) const
    {
        const QByteArray text = QByteArray::fromStdString(m_metrics.render());
        return text.mid(text.indexOf(name) + name.size()).split('\n').first();
    }
    /// One more sweep, beside those of the thread.
    void sweep()
    {
        std::promise<void> done;
        m_thread->executor().post([this, &done] {
            m_front->sweep(Clock::now());
            done.set_value();
        });
        done.get_future().wait();
    }
    [[nodiscard]] qint64 paused() const { return m_frontMetrics.pausedListeners.load(); }

private slots:
    void oneTurnAcceptsNoMoreThanItMay()
    {
        startWith(0, 4);
        std::promise<void> busy;
        m_thread->executor().post([waiting = busy.get_future().share()] { waiting.wait(); });
        std::vector<std::unique_ptr<QTcpSocket>> sockets;
        for (int i = 0; i < 10; ++i)
            sockets.push_back(dial()); // the kernel accepts them for a thread that is busy
        QCOMPARE(m_limiter.total(), 0);
        busy.set_value();
        QTRY_COMPARE(m_limiter.total(), 10);
        QCOMPARE(metric("\nmessaging_accept_turns_cut_total "), QByteArray("2")); // 4, 4 and 2
    }

    void cleanup()
    {
        m_thread->stop([this] { m_front.reset(); });
        m_thread.reset();
        QCOMPARE(paused(), 0);
        QCOMPARE(m_limiter.total(), 0);
    }

    void itPausesAtTheCeilingAndGoesOnBelowIt()
    {
        Fillers fillers(40);
        startWith(fillers.last());
        // The first one takes a descriptor above the ceiling: it is served, and then there is a pause.
        const auto first = dial();
        QTRY_COMPARE(paused(), 1);
        QVERIFY(ask(*first).startsWith("HTTP/1.1 404 "));
        QCOMPARE(rejected(), QByteArray("1"));

        const auto second = dial(); // waits in the kernel
        const auto third = dial();
        second->write("GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        sweep();
        sweep();
        QCOMPARE(paused(), 1);
        QCOMPARE(second->bytesAvailable(), 0);
        QCOMPARE(rejected(), QByteArray("1")); // one pause, however long

        fillers.clear();
        QVERIFY(second->waitForReadyRead(10'000));
        QVERIFY(second->readAll().startsWith("HTTP/1.1 404 "));
        QVERIFY(ask(*third).startsWith("HTTP/1.1 404 "));
        QCOMPARE(paused(), 0);
    }

    void itStopsInAPause()
    {
        Fillers fillers(4);
        startWith(fillers.last());
        const auto first = dial();
        QTRY_COMPARE(paused(), 1);
        m_thread->executor().post([this] { m_front->drain(); });
        QTRY_COMPARE(paused(), 0);
    }

    void withoutACeilingItGoesOn()
    {
        startWith(0);
        std::vector<std::unique_ptr<QTcpSocket>> clients;
        clients.reserve(20);
        for (int i = 0; i < 20; ++i)
            clients.push_back(dial());
        for (const auto &client : clients)
            QVERIFY(ask(*client).startsWith("HTTP/1.1 404 "));
        QCOMPARE(paused(), 0);
    }
};

QTEST_GUILESS_MAIN(ListenerTest)
#include "tst_listener.moc"
