// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QHash>
#include <QSet>

#include <random>

using namespace msgsrv::test;

/// Many clients at once, each with a journal of what it sent and got; afterwards the server's figures are
/// compared with the journals.
class TestConservation : public QObject
{
    Q_OBJECT

private slots:
    void everyMessageIsAccountedFor_data();
    void everyMessageIsAccountedFor();
};

namespace {

/// One client of the crowd. What it sends says who sent it, to whom, and as which of that pair's messages.
struct Member
{
    Member(const Daemon &daemon, int number)
        : user(daemon, "user-" + QByteArray::number(number))
    {
        // A third of the crowd acknowledges one by one, a third cumulatively.
        static const char *const modes[]{"auto", "client-individual", "client"};
        user.setAckMode(modes[number % 3]);
    }

    User user;
    bool present = false;
    int eventsSeen = 0;
};

class Crowd
{
public:
    Crowd(const Daemon &daemon, int size, unsigned seed)
        : m_daemon(daemon)
        , m_random(seed)
        , m_http(daemon.http())
    {
        for (int i = 0; i < size; ++i)
            m_members.push_back(std::make_unique<Member>(daemon, i));
    }

    int any(int below) { return std::uniform_int_distribution(0, below - 1)(m_random); }
    Member &anybody() { return *m_members[size_t(any(int(m_members.size())))]; }

    bool enterAll()
    {
        for (const auto &member : m_members) {
            if (!member->user.enter())
                return false;
            member->present = true;
        }
        return true;
    }

    /// One message by HTTP, answered some time later.
    void sendByHttp(Member &from, Member &to)
    {
        const QByteArray body
            = formEncoded({{"toUserId", to.user.name()}, {"content", nextContent(from, to)}});
        const Headers headers
            = Headers{{"Content-Type", "application/x-www-form-urlencoded"}} + from.user.bearer();
        ++unanswered;
        m_http.request(httpRequest("POST", "/exchange", m_daemon.http(), headers, body),
                       [this](const HttpAnswer &answer) {
                           --unanswered;
                           if (answer.status == 200 || answer.status == 202)
                               ++accepted;
                           else if (answer.status == 404 || answer.status == 401 || answer.status == 429)
                               ++refused;
                           else
                               problems.append("HTTP " + QByteArray::number(answer.status) + ' '
                                               + answer.body);
                       });
    }

    /// One message by SEND; whether it was accepted is told by an event if it was not.
    void sendByStomp(Member &from, Member &to)
    {
        from.user.stomp().send("SEND", {{"destination", User::destination(to.user.name())}},
                               nextContent(from, to));
        ++sent;
    }

    /// A message to itself, and its receipt.
    StompFrame sendLast(Member &member)
    {
        return member.user.stomp().sendForReceipt(
            "SEND", {{"destination", User::destination(member.user.name())}}, nextContent(member, member));
    }

    /// Reads what came, and checks that nothing came twice or out of order.
    void collect(Member &member)
    {
        if (!member.user.isListening())
            return;
        const QList<StompFrame> messages = member.user.stomp().takeMessages();
        for (const StompFrame &message : messages) {
            if (message.hasHeader("event")) {
                ++member.eventsSeen;
                ++refused;
                continue;
            }
            acknowledge(member, message);
            if (message.header("redelivered") == "true") {
                ++redelivered;
                continue;
            }
            ++received;
            if (m_seen.contains(message.header("message-id")))
                problems.append("twice: " + message.header("message-id"));
            m_seen.insert(message.header("message-id"));
            const QList<QByteArray> content
                = message.json().value(QLatin1String("content")).toString().toUtf8().split(' ');
            if (content.size() != 4 || content[0] != message.header("from")
                || content[1] != member.user.name()) {
                problems.append("not what was sent: " + message.body);
                continue;
            }
            // The two ways of sending are not ordered with each other; each is in itself.
            int &last = m_lastSeen[content[0] + '>' + content[1] + content[3]];
            if (content[2].toInt() <= last)
                problems.append("out of order: " + message.body);
            last = content[2].toInt();
        }
        if (!member.user.stomp().violations().isEmpty())
            problems.append(member.user.stomp().violations().first());
    }
    /// ACK, or now and then NACK: the message comes again, or is dropped.
    void acknowledge(Member &member, const StompFrame &message)
    {
        if (!message.hasHeader("ack"))
            return;
        const Headers id{{"id", message.header("ack")}};
        const int throwOf = member.user.ackMode() == "client" || settling ? 9 : any(10);
        if (throwOf == 0) {
            member.user.stomp().send("NACK", id);
        } else if (throwOf == 1) {
            member.user.stomp().send("NACK", id + Headers{{"requeue", "false"}});
            ++rejected;
        } else {
            member.user.stomp().send("ACK", id);
        }
    }
    void collectAll()
    {
        for (const auto &member : m_members)
            collect(*member);
    }

    const std::vector<std::unique_ptr<Member>> &members() const { return m_members; }

    int accepted = 0; ///< by HTTP, as answered
    int sent = 0; ///< by SEND
    int refused = 0;
    int received = 0; ///< for the first time
    int redelivered = 0;
    int rejected = 0;
    bool settling = false; ///< everything is acknowledged from now on
    int unanswered = 0;
    QList<QByteArray> problems;

private:
    /// `from to number way`; the number grows within a pair.
    QByteArray nextContent(const Member &from, const Member &to)
    {
        ++m_counter;
        return from.user.name() + ' ' + to.user.name() + ' ' + QByteArray::number(m_counter) + " w";
    }

    const Daemon &m_daemon;
    std::mt19937 m_random;
    HttpClient m_http;
    std::vector<std::unique_ptr<Member>> m_members;
    QSet<QByteArray> m_seen;
    QHash<QByteArray, int> m_lastSeen;
    int m_counter = 0;
};

} // namespace

void TestConservation::everyMessageIsAccountedFor_data()
{
    QTest::addColumn<bool>("byHttp");
    QTest::addColumn<bool>("churn");
    QTest::addColumn<unsigned>("seed");
    QTest::newRow("SEND, everybody stays") << false << false << 1u;
    QTest::newRow("HTTP, everybody stays") << true << false << 2u;
    QTest::newRow("SEND, clients come and go") << false << true << 3u;
    QTest::newRow("HTTP, clients come and go") << true << true << 4u;
}

void TestConservation::everyMessageIsAccountedFor()
{
    QFETCH(const bool, byHttp);
    QFETCH(const bool, churn);
    QFETCH(const unsigned, seed);
    Daemon daemon;
    QVERIFY(daemon.start());
    Crowd crowd(daemon, 20, seed);
    QVERIFY(crowd.enterAll());

    constexpr int messages = 2000;
    for (int i = 0; i < messages; ++i) {
        Member &from = crowd.anybody();
        Member &to = crowd.anybody();
        if (churn && crowd.any(40) == 0) {
            crowd.collect(from);
            switch (from.present ? crowd.any(3) : 3) {
            case 0:
                from.user.stomp().webSocket().abort();
                break;
            case 1:
                from.user.stomp().send("DISCONNECT", {});
                break;
            case 2:
                QCOMPARE(from.user.leave().status, 200);
                break;
            default: // the name is free as soon as the server has seen the end
                QVERIFY(waitUntil([&] { return from.user.connect().status == 200; }));
                if (crowd.any(2) == 0)
                    crowd.sendByHttp(from, from); // waits for the subscription
                QVERIFY(from.user.listen());
            }
            from.present = !from.present;
        }
        if (!from.present)
            continue;
        if (byHttp)
            crowd.sendByHttp(from, to);
        else
            crowd.sendByStomp(from, to);
        if (i % 50 == 0) {
            crowd.collectAll();
            const MetricsReader metrics = MetricsReader::scrape(daemon.internal());
            QVERIFY2(Conservation(metrics).holds(), metrics.text().constData()); // at any instant
        }
    }
    crowd.settling = true;
    QVERIFY(waitUntil([&] { return crowd.unanswered == 0; }));
    int last = 0; // to oneself, with a receipt: everything before it was processed
    for (const auto &member : crowd.members()) {
        if (!member->present)
            continue;
        QCOMPARE(crowd.sendLast(*member).command, "RECEIPT");
        ++last;
    }
    const auto figures = [&] { return Conservation(MetricsReader::scrape(daemon.internal())); };
    QVERIFY(waitUntil([&] {
        crowd.collectAll();
        return figures().inFlight == 0;
    }));
    const Conservation end = figures();
    const auto arrived = [&] {
        crowd.collectAll();
        return churn || crowd.received == int(end.delivered) + crowd.rejected;
    };
    QVERIFY2(waitUntil(arrived),
             qPrintable(QStringLiteral("received %1, delivered %2").arg(crowd.received).arg(end.delivered)));
    QVERIFY2(crowd.problems.isEmpty(), crowd.problems.isEmpty() ? "" : crowd.problems.first().constData());
    QVERIFY(end.holds());
    QVERIFY(end.accepted > messages / 8.0);
    if (byHttp) {
        // Who sends to somebody who is just leaving may be told 404 for a message that was accepted and
        // dropped.
        const double told = crowd.accepted + last;
        QVERIFY(end.accepted >= told && end.accepted - told <= end.dropped);
    }
    if (!churn) {
        QCOMPARE(end.accepted, double(messages + last));
        QCOMPARE(end.dropped, double(crowd.rejected));
        QVERIFY(crowd.rejected > 0 && crowd.redelivered > 0); // else the run has proved little
    } else {
        // What was written to a connection that was then cut reached the wire and no client, or was
        // acknowledged by nobody.
        QVERIFY(crowd.received <= int(end.delivered + end.dropped));
        QVERIFY(crowd.received > messages / 8);
    }
    QCOMPARE(daemon.stop().exitCode, 0);
}

QTEST_GUILESS_MAIN(TestConservation)
#include "tst_conservation.moc"
