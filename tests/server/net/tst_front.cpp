// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/front.h"
#include "server/net/iothread.h"
#include "server/net/listensocket.h"

#include <QDeadlineTimer>
#include <QTcpSocket>
#include <QTest>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace msgsrv;

namespace {

/// What handlers of this test saw; they run in the I/O thread.
struct Seen
{
    std::mutex mutex;
    std::deque<QByteArray> messages;
    std::atomic<int> opened{0};
    std::atomic<int> closedClean{0};
    std::atomic<int> closedBroken{0};
    std::atomic<int> writable{0};

    [[nodiscard]] bool has(const QByteArray &message)
    {
        const std::scoped_lock lock(mutex);
        return std::find(messages.begin(), messages.end(), message) != messages.end();
    }
};

class EchoHandler final : public ConnectionHandler
{
public:
    EchoHandler(Connection &connection, Seen &seen)
        : m_connection(connection)
        , m_seen(seen)
    {
        ++m_seen.opened;
        m_connection.setMessageLimit(100'000);
    }

    void onMessage(std::string_view bytes, bool, TimePoint) override
    {
        const QByteArray message(bytes.data(), qsizetype(bytes.size()));
        {
            const std::scoped_lock lock(m_seen.mutex);
            m_seen.messages.push_back(message);
        }
        if (message == "close")
            m_connection.close(4001, "replaced");
        else if (message == "abort")
            m_connection.abort();
        else if (message == "flood")
            flood();
        else
            m_connection.send(bytes);
    }
    void onActivity(TimePoint) override { }
    void onWritable() override { ++m_seen.writable; }
    void onClosed(bool clean) override { ++(clean ? m_seen.closedClean : m_seen.closedBroken); }
    void onTick(TimePoint) override { }
    void onMessagesReady(const ListeningKey &) override { }
    void onCloseRequested(quint16 code, const QByteArray &reason) override
    {
        m_connection.close(code, reason);
    }

private:
    void flood()
    {
        // More than the kernel takes, whatever it gives its sockets.
        const std::string chunk(1024 * 1024, 'x');
        for (int i = 0; i < 64; ++i)
            m_connection.send(chunk);
    }

    Connection &m_connection;
    Seen &m_seen;
};

QByteArray frame(int opcode, const QByteArray &payload, bool final = true, bool masked = true)
{
    Q_ASSERT(payload.size() < 65536);
    QByteArray out;
    out.append(char((final ? 0x80 : 0) | opcode));
    const char maskBit = char(masked ? 0x80 : 0);
    if (payload.size() < 126) {
        out.append(char(maskBit | char(payload.size())));
    } else {
        out.append(char(maskBit | 126));
        out.append(char(payload.size() >> 8));
        out.append(char(payload.size() & 0xff));
    }
    const QByteArray mask = "\x11\x22\x33\x44";
    if (masked)
        out.append(mask);
    for (qsizetype i = 0; i < payload.size(); ++i)
        out.append(masked ? char(payload[i] ^ mask[i % 4]) : payload[i]);
    return out;
}

const QByteArray handshake = "GET /ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                             "Sec-WebSocket-Protocol: v10.stomp, v12.stomp\r\n\r\n";

} // namespace

/// The front of one I/O thread against real sockets.
class FrontTest : public QObject
{
    Q_OBJECT

public:
    explicit FrontTest(Engine engine)
        : m_engine(engine)
    { }

private:
    const Engine m_engine;
    Metrics m_metrics;
    FrontMetrics m_frontMetrics{m_metrics};
    ConnectionLimiter m_limiter{0, 0};
    std::unique_ptr<IoThread> m_thread;
    std::unique_ptr<Front> m_front; // the thread's
    Seen m_seen;
    std::mutex m_mutex;
    std::vector<HttpReply> m_held; // guarded
    quint16 m_port = 0;

    [[nodiscard]] std::size_t held()
    {
        const std::scoped_lock lock(m_mutex);
        return m_held.size();
    }
    void answerAll()
    {
        m_thread->executor().post([this] {
            std::vector<HttpReply> replies;
            {
                const std::scoped_lock lock(m_mutex);
                replies.swap(m_held);
            }
            for (const HttpReply &reply : replies)
                reply({200, {}, "late"});
        });
    }
    std::unique_ptr<QTcpSocket> dial()
    {
        auto socket = std::make_unique<QTcpSocket>();
        socket->connectToHost(QHostAddress::LocalHost, m_port);
        [&] { QVERIFY(socket->waitForConnected()); }();
        return socket;
    }
    /// Reads until @p end stands at the end, or the peer closes.
    static QByteArray readUntil(QTcpSocket &socket, const QByteArray &end)
    {
        QByteArray text;
        const QDeadlineTimer deadline(10'000);
        while (!text.endsWith(end) && !deadline.hasExpired()) {
            if (socket.bytesAvailable() == 0 && !socket.waitForReadyRead(int(deadline.remainingTime())))
                break;
            text += socket.readAll();
        }
        return text;
    }
    std::unique_ptr<QTcpSocket> dialWebSocket()
    {
        auto socket = dial();
        socket->write(handshake);
        const QByteArray answer = readUntil(*socket, "\r\n\r\n");
        [&] { QVERIFY2(answer.startsWith("HTTP/1.1 101 "), answer.constData()); }();
        return socket;
    }

    void startWith(TransportLimits limits)
    {
        auto sockets = ListenSockets::open(QHostAddress::LocalHost, 0, 1);
        QVERIFY(sockets);
        m_port = sockets->port();
        m_thread = std::make_unique<IoThread>(0);
        const int descriptor = sockets->take(0);
        m_thread->start([this, limits, descriptor] {
            FrontSettings settings;
            settings.limits = limits;
            settings.engine = m_engine;
            settings.webSocketPath = "/ws";
            settings.serverName = "test";
            const auto echo = [](const HttpRequest &request, const HttpReply &reply) {
                reply({200, {{"Content-Type", "text/plain"}}, request.method + " " + request.body});
            };
            const auto hold = [this](const HttpRequest &, HttpReply reply) {
                const std::scoped_lock lock(m_mutex);
                m_held.push_back(std::move(reply));
            };
            m_front = std::make_unique<Front>(
                settings,
                std::vector<HttpRoute>{{"/echo", {"GET", "POST"}, echo, true},
                                       {"/held", {"POST"}, hold, true}},
                [this](Connection &connection) { return std::make_unique<EchoHandler>(connection, m_seen); },
                m_thread.get(), m_limiter, m_frontMetrics);
            m_front->listen(descriptor);
            m_thread->addSweepable(m_front.get());
        });
    }

private slots:
    void init() { startWith({}); }
    void cleanup()
    {
        m_thread->stop([this] { m_front.reset(); });
        m_thread.reset();
        {
            const std::scoped_lock lock(m_mutex);
            m_held.clear();
        }
        QCOMPARE(m_limiter.total(), 0);
        QCOMPARE(m_frontMetrics.httpConnections.load(), 0);
        QCOMPARE(m_frontMetrics.webSocketConnections.load(), 0);
        m_seen.messages.clear();
        m_seen.opened = m_seen.closedClean = m_seen.closedBroken = m_seen.writable = 0;
    }

    void requestsOfOneConnectionAreAnsweredInOrderThoughTheFirstAnswerIsLate()
    {
        auto socket = dial();
        socket->write("POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n1"
                      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nConnection: close\r\n\r\n2");
        QTRY_COMPARE(held(), std::size_t(1));
        answerAll();
        const QByteArray text = readUntil(*socket, "POST 2");
        QVERIFY2(text.indexOf("late") < text.indexOf("POST 2") && text.indexOf("late") > 0, text.constData());
        QCOMPARE(text.count("HTTP/1.1 200 "), 2);
    }

    void requestsBehindUnreadAnswersAreAnsweredInOrderAsTheAnswersAreRead()
    {
        constexpr int count = 3000; // their answers are more than the kernel takes
        constexpr qsizetype size = 8000;
        auto socket = dial();
        socket->setReadBufferSize(size);
        for (int i = 0; i < count; ++i)
            socket->write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + QByteArray::number(size)
                          + "\r\n\r\n" + QByteArray::number(i).rightJustified(size, '.'));
        QByteArray text;
        for (int i = 0; i < count; ++i) {
            const QByteArray body = "POST " + QByteArray::number(i).rightJustified(size, '.');
            qsizetype head = -1;
            while ((head = text.indexOf("\r\n\r\n")) < 0 || text.size() < head + 4 + body.size()) {
                QVERIFY2(socket->bytesAvailable() > 0 || socket->waitForReadyRead(10'000),
                         qPrintable(socket->errorString()));
                text += socket->readAll();
            }
            QVERIFY(text.startsWith("HTTP/1.1 200 "));
            QCOMPARE(text.mid(head + 4, body.size()), body);
            text.remove(0, head + 4 + body.size());
        }
    }

    void headHasTheLengthAndNoBody()
    {
        auto socket = dial();
        socket->write("HEAD /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        const QByteArray text = readUntil(*socket, "never");
        QVERIFY2(text.contains("Content-Length: 5\r\n"), text.constData());
        QVERIFY(text.endsWith("\r\n\r\n"));
    }

    void unknownPathsAndMethodsAreProblems_data()
    {
        QTest::addColumn<QByteArray>("request");
        QTest::addColumn<QByteArray>("status");
        QTest::addColumn<QByteArray>("allow");
        QTest::newRow("path") << QByteArray("GET /no HTTP/1.1") << QByteArray("404") << QByteArray();
        QTest::newRow("method") << QByteArray("PUT /echo HTTP/1.1") << QByteArray("405")
                                << QByteArray("GET, POST, HEAD");
        QTest::newRow("unknown method")
            << QByteArray("BREW /echo HTTP/1.1") << QByteArray("405") << QByteArray("GET, POST, HEAD");
        QTest::newRow("get of a post")
            << QByteArray("GET /held HTTP/1.1") << QByteArray("405") << QByteArray("POST");
    }
    void unknownPathsAndMethodsAreProblems()
    {
        QFETCH(QByteArray, request);
        QFETCH(QByteArray, status);
        QFETCH(QByteArray, allow);
        auto socket = dial();
        socket->write(request + "\r\nHost: h\r\nConnection: close\r\n\r\n");
        const QByteArray text = readUntil(*socket, "never");
        QVERIFY2(text.startsWith("HTTP/1.1 " + status + " "), text.constData());
        QVERIFY(text.contains("application/problem+json"));
        QCOMPARE(text.contains("Allow: " + allow + "\r\n"), !allow.isEmpty());
    }

    void aMalformedSecondRequestIsRefusedToo()
    {
        auto socket = dial();
        socket->write("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        readUntil(*socket, "GET ");
        socket->write("GET /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx");
        const QByteArray text = readUntil(*socket, "never");
        QVERIFY2(text.startsWith("HTTP/1.1 400 "), text.constData());
        QVERIFY(text.contains("Connection: close"));
    }

    void aTooLargeBodyIsAnsweredBeforeItIsRead()
    {
        auto socket = dial();
        socket->write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n"
                      + QByteArray(200'000, 'x'));
        const QByteArray text = readUntil(*socket, "never");
        QVERIFY2(text.startsWith("HTTP/1.1 413 "), text.constData());
    }

    void clientsThatLeaveBeforeTheirAnswerDoNoHarm()
    {
        constexpr int rounds = 50;
        constexpr int clients = 200; // 10,000 in all
        for (int round = 0; round < rounds; ++round) {
            std::vector<int> sockets;
            for (int i = 0; i < clients; ++i) {
                const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                sockaddr_in address{};
                address.sin_family = AF_INET;
                address.sin_port = htons(m_port);
                address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                QCOMPARE(::connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address), 0);
                const QByteArray request = "POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
                QCOMPARE(::send(fd, request.constData(), std::size_t(request.size()), 0),
                         ssize_t(request.size()));
                sockets.push_back(fd);
            }
            QTRY_COMPARE(held(), sockets.size());
            for (const int fd : sockets) {
                const linger reset{1, 0};
                ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
                ::close(fd);
            }
            answerAll();
            QTRY_COMPARE(m_limiter.total(), 0);
        }
        auto socket = dial(); // still there
        socket->write("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        QVERIFY(readUntil(*socket, "GET ").endsWith("GET "));
    }

    void aClientThatIsDoneSendingStillGetsItsAnswer()
    {
        auto socket = dial();
        socket->write("POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
                      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nmore");
        QVERIFY(socket->waitForBytesWritten());
        QTRY_COMPARE(held(), std::size_t(1));
        QCOMPARE(::shutdown(int(socket->socketDescriptor()), SHUT_WR), 0);
        answerAll();
        const QByteArray text = readUntil(*socket, "the end");
        QCOMPARE(text.count("HTTP/1.1 200 "), 2);
        QVERIFY(text.endsWith("POST more"));
    }

    void repliesAfterTheFrontHasGoneAreDiscarded()
    {
        auto socket = dial();
        socket->write("POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
        QVERIFY(socket->waitForBytesWritten());
        QTRY_COMPARE(held(), std::size_t(1));
        m_thread->executor().post([this] {
            m_thread->removeSweepable(m_front.get());
            m_front.reset();
        });
        answerAll();
        QTRY_COMPARE(held(), std::size_t(0));
        QTRY_COMPARE(m_limiter.total(), 0);
    }

    void framesInTheSegmentOfTheHandshakeAreNotLost()
    {
        auto socket = dial();
        socket->write(handshake + frame(1, "early"));
        const QByteArray text = readUntil(*socket, "early");
        QVERIFY2(text.contains("Sec-WebSocket-Protocol: v12.stomp\r\n"), text.constData());
        QVERIFY(text.endsWith(QByteArray("\x81\x05") + "early"));
    }

    void textComesBackAsTextAndOtherBytesAsBinary() // item 9
    {
        auto socket = dialWebSocket();
        socket->write(frame(2, "caf\xc3\xa9"));
        QCOMPARE(readUntil(*socket, "\xa9"),
                 QByteArray("\x81\x05"
                            "caf\xc3\xa9"));
        socket->write(frame(2, "\xff\xfe"));
        QCOMPARE(readUntil(*socket, "\xfe"), QByteArray("\x82\x02\xff\xfe"));
    }

    void pingsAreAnsweredAndFragmentsJoined() // items 7, 19
    {
        auto socket = dialWebSocket();
        socket->write(frame(1, "one ", false) + frame(9, "p") + frame(0, "two"));
        QCOMPARE(readUntil(*socket, "two"), QByteArray("\x8a\x01p\x81\x07one two"));
    }

    void theServersCloseReachesTheClientWithItsReason()
    {
        auto socket = dialWebSocket();
        socket->write(frame(1, "close"));
        const QByteArray last = "\x88\x0a\x0f\xa1replaced";
        QCOMPARE(readUntil(*socket, last), last);
        socket->write(frame(8, "\x0f\xa1"));
        QTRY_COMPARE(m_seen.closedClean.load(), 1);
        QCOMPARE(m_seen.closedBroken.load(), 0);
        QCOMPARE(readUntil(*socket, "the end"), QByteArray());
        QCOMPARE(socket->state(), QAbstractSocket::UnconnectedState);
    }

    void aClientThatDoesNotAnswerTheCloseIsCut()
    {
        cleanup();
        TransportLimits limits;
        limits.closeTimeout = milliseconds(300);
        startWith(limits);
        auto socket = dialWebSocket();
        socket->write(frame(1, "close"));
        readUntil(*socket, "the end");
        QVERIFY(socket->state() != QAbstractSocket::ConnectedState);
        QTRY_COMPARE(m_seen.closedClean.load() + m_seen.closedBroken.load(), 1);
    }

    void theClientsCloseIsAnsweredAndClean()
    {
        auto socket = dialWebSocket();
        socket->write(frame(8, "\x03\xe8"));
        QCOMPARE(readUntil(*socket, "never"), QByteArray("\x88\x02\x03\xe8"));
        QTRY_COMPARE(m_seen.closedClean.load(), 1);
    }

    void aBrokenConnectionIsNotClean()
    {
        auto socket = dialWebSocket();
        QTRY_COMPARE(m_seen.opened.load(), 1);
        socket->abort();
        QTRY_COMPARE(m_seen.closedBroken.load(), 1);
        QCOMPARE(m_seen.closedClean.load(), 0);
    }

    void anAbortFromInsideAMessageIsSafe()
    {
        auto socket = dialWebSocket();
        socket->write(frame(1, "abort") + frame(1, "never seen"));
        QTRY_COMPARE(m_seen.closedBroken.load(), 1);
        QVERIFY(!m_seen.has("never seen"));
    }

    void aMessageAboveTheLimitClosesWith1009()
    {
        auto socket = dialWebSocket();
        socket->write(frame(1, QByteArray(60'000, 'a'), false) + frame(0, QByteArray(60'000, 'b')));
        const QByteArray text = readUntil(*socket, "never");
        QVERIFY2(text.mid(2, 2) == QByteArray("\x03\xf1"), text.toHex().constData());
    }

    void aSenderIsToldToStopAndToGoOn()
    {
        m_thread->stop([this] { m_front.reset(); });
        TransportLimits limits;
        limits.sendQueue = 0;
        startWith(limits);
        auto socket = dialWebSocket();
        socket->setReadBufferSize(1); // reads nothing for now
        socket->write(frame(1, "flood"));
        QVERIFY(socket->waitForReadyRead());
        QCOMPARE(m_seen.writable.load(), 0);
        socket->setReadBufferSize(0);
        QTRY_VERIFY_WITH_TIMEOUT(
            (socket->waitForReadyRead(10), socket->readAll(), m_seen.writable.load() == 1), 10'000);
    }

    void aConnectionThatWasHttpFirstCanBeUpgraded()
    {
        auto socket = dial();
        socket->write("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");
        readUntil(*socket, "GET ");
        socket->write(handshake + frame(1, "hello"));
        QVERIFY(readUntil(*socket, "hello").startsWith("HTTP/1.1 101 "));
    }

    void foreignOriginsAreRefusedBeforeTheUpgrade() // item 21
    {
        auto socket = dial();
        socket->write(QByteArray(handshake).replace("\r\n\r\n", "\r\nOrigin: https://evil.example\r\n\r\n"));
        const QByteArray text = readUntil(*socket, "never");
        QVERIFY2(text.startsWith("HTTP/1.1 403 "), text.constData());
        QCOMPARE(m_seen.opened.load(), 0);
    }

    void aHalfSentRequestIsAnswered408_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("answer");
        QTest::newRow("half a head") << QByteArray("POST /echo HT") << QByteArray("HTTP/1.1 408 ");
        QTest::newRow("half a body") << QByteArray(
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
                                     << QByteArray("HTTP/1.1 408 ");
        QTest::newRow("nothing") << QByteArray() << QByteArray();
    }
    void aHalfSentRequestIsAnswered408()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, answer);
        m_thread->stop([this] { m_front.reset(); });
        TransportLimits limits;
        limits.headTimeout = limits.bodyTimeout = milliseconds(100);
        startWith(limits);
        auto socket = dial();
        if (!bytes.isEmpty())
            socket->write(bytes);
        const QByteArray text = readUntil(*socket, "never"); // until the server closes
        QVERIFY2(answer.isEmpty() ? text.isEmpty() : text.startsWith(answer), text.constData());
        QTRY_COMPARE(socket->state(), QAbstractSocket::UnconnectedState);
    }

    void aConsumerThatNeverReadsIsCutAtItsQueueLimit() // item 94
    {
        m_thread->stop([this] { m_front.reset(); });
        TransportLimits limits;
        limits.sendQueue = 1; // anything that the kernel does not take
        startWith(limits);
        auto socket = dialWebSocket();
        socket->setReadBufferSize(1);
        socket->write(frame(1, "flood"));
        QTRY_COMPARE(m_seen.closedBroken.load(), 1);
        QVERIFY(QByteArray::fromStdString(m_metrics.render())
                    .contains("messaging_connections_closed_total{reason=\"slow_consumer\"} 1"));
    }
};

/// Both engines behave alike, so everything runs twice.
int main(int argc, char *argv[])
{
    QCoreApplication application(argc, argv);
    FrontTest direct(Engine::Direct);
    FrontTest qt(Engine::Qt);
    const int failures = QTest::qExec(&direct, argc, argv);
    return failures + QTest::qExec(&qt, argc, argv);
}

#include "tst_front.moc"
