// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddeddestinations.h"
#include "server/management/livenode.h"
#include "server/management/livetables.h"
#include "tests/server/broker/recordingport.h"
#include "tests/server/session/sessionhouse.h"

#include <QJsonObject>
#include <QTest>

using namespace msgsrv;
using namespace msgsrv::management;

namespace {

/// A node over a real broker and real sessions, and an I/O thread without connections.
struct House
{
    House()
    {
        threads.at(0).start([] {});
    }
    ~House()
    {
        threads.at(0).stop([] {});
    }

    /// What is under way happens, in all threads.
    bool settle(const std::function<bool()> &holds)
    {
        return QTest::qWaitFor([&] {
            sessions.settle();
            while (management.runOne())
                sessions.settle();
            return holds();
        });
    }
    std::shared_ptr<const RowSet> table(const char *name)
    {
        std::shared_ptr<const RowSet> rows;
        bool done = false;
        node.collect(name, [&](std::shared_ptr<const RowSet> found) {
            rows = std::move(found);
            done = true;
        });
        return settle([&] { return done; }) ? rows : nullptr;
    }
    [[nodiscard]] static std::string text(const RowSet &rows, std::size_t row, const char *table,
                                          const char *column)
    {
        const Cell cell = rows.cell(row, *findColumn(findTable(table)->columns, column), Addresses::Whole);
        if (const auto *found = std::get_if<std::string>(&cell))
            return *found;
        if (const auto *number = std::get_if<std::int64_t>(&cell))
            return std::to_string(*number);
        if (const auto *flag = std::get_if<bool>(&cell))
            return *flag ? "true" : "false";
        return "null";
    }

    SessionHouse sessions;
    IoThreads threads{1};
    ManualExecutor management;
    RecordingPort port;
    EmbeddedDestinations destinations{{}, port};
    FrontMetrics fronts{sessions.metrics};
    std::atomic<bool> stopping{false};
    AbsentQueues absent{{}, sessions.directory, sessions.queues};
    LiveNode node{{.boot = QStringLiteral("b"),
                   .store = QStringLiteral("memory"),
                   .broker = QStringLiteral("embedded")},
                  {management, threads, *sessions.service, sessions.directory, sessions.queues, destinations,
                   fronts, sessions.store, sessions.metrics, stopping, &absent}};
};

} // namespace

class LiveNodeTest final : public QObject
{
    Q_OBJECT

private slots:
    void sessions_and_queues_are_joined_by_key()
    {
        House house;
        const ListeningKey alice = house.sessions.acked("alice", ConnectionId(7));
        const ListeningKey bob = house.sessions.open("bob").value().key;
        for (int i = 0; i < 3; ++i)
            (void)house.sessions.publish(bob);
        const auto rows = house.table("sessions");
        QVERIFY(rows);
        QCOMPARE(rows->size(), std::size_t(2));
        const std::size_t first = House::text(*rows, 0, "sessions", "user") == "alice" ? 0 : 1;
        QCOMPARE(House::text(*rows, first, "sessions", "state"), std::string("acked"));
        QCOMPARE(House::text(*rows, 1 - first, "sessions", "user"), std::string("bob"));
        QCOMPARE(House::text(*rows, 1 - first, "sessions", "state"), std::string("new"));
        QCOMPARE(House::text(*rows, 1 - first, "sessions", "backlog"), std::string("3"));
        QCOMPARE(House::text(*rows, 1 - first, "sessions", "transport"), std::string("none"));
        QCOMPARE(House::text(*rows, 1 - first, "sessions", "negotiation"), std::string("none"));

        const auto queues = house.table("queues");
        QVERIFY(queues);
        QCOMPARE(queues->size(), std::size_t(2));
        const std::size_t ofBob = House::text(*queues, 0, "queues", "user") == "bob" ? 0 : 1;
        QCOMPARE(House::text(*queues, ofBob, "queues", "ready"), std::string("3"));
        QCOMPARE(House::text(*queues, ofBob, "queues", "consumers"), std::string("0"));
        QCOMPARE(House::text(*queues, 1 - ofBob, "queues", "consumers"), std::string("1"));
        QCOMPARE(House::text(*queues, ofBob, "queues", "id"),
                 House::text(*rows, 1 - first, "sessions", "id"));
        // No cell of any table holds a key.
        for (const char *table : {"sessions", "queues", "connections", "nodes", "destinations"}) {
            const auto all = house.table(table);
            QVERIFY(all);
            for (std::size_t row = 0; row < all->size(); ++row) {
                for (const Column &column : findTable(table)->columns)
                    QVERIFY(House::text(*all, row, table, std::string(column.name).c_str()).find("queue.")
                            == std::string::npos);
            }
        }
    }

    void what_waits_for_absent_users_is_among_the_queues()
    {
        House house;
        const TimePoint now = Clock::now();
        const auto place = house.absent.placeFor(user("carol"), user("alice"), now + seconds(5), now);
        (void)house.sessions.publish(std::get<AbsentQueues::Place>(place).queue);
        (void)house.sessions.acked("alice", ConnectionId(7));
        const auto queues = house.table("queues");
        QCOMPARE(queues->size(), std::size_t(2));
        const std::size_t held = House::text(*queues, 0, "queues", "user") == "carol" ? 0 : 1;
        QCOMPARE(House::text(*queues, held, "queues", "id"), std::string("held-1"));
        QCOMPARE(House::text(*queues, held, "queues", "held"), std::string("true"));
        QCOMPARE(House::text(*queues, held, "queues", "ready"), std::string("1"));
        QCOMPARE(House::text(*queues, held, "queues", "consumers"), std::string("0"));
        QCOMPARE(House::text(*queues, 1 - held, "queues", "held"), std::string("false"));
    }

    void destinations_show_what_their_first_subscription_asked_for()
    {
        House house;
        QueueArguments arguments;
        arguments.durable = true;
        arguments.messageTtl = milliseconds(1500);
        const DestinationName name{DestinationName::Kind::Queue, "jobs"};
        house.destinations.subscribe(name, {makeConnectionId(0, 1), 1}, arguments, true, 0, {});
        house.destinations.publish(name, std::make_shared<Message>(), {}, {});
        const auto rows = house.table("destinations");
        QVERIFY(rows);
        QCOMPARE(rows->size(), std::size_t(1));
        std::string row;
        for (const Column &column : findTable("destinations")->columns) {
            appendCell(row,
                       rows->cell(0, *findColumn(findTable("destinations")->columns, column.name),
                                  Addresses::Masked));
            row += ' ';
        }
        QCOMPARE(
            row,
            std::string("\"/queue/jobs\" \"queue\" 1 0 1 64 1 0 0 null 1000 4194304 true false false 1.5 "));
    }

    void an_unknown_table_is_null()
    {
        House house;
        QVERIFY(!house.table("flow"));
        QCOMPARE(house.table("connections")->size(), std::size_t(0));
        QCOMPARE(house.table("nodes")->size(), std::size_t(1));
    }

    void negotiations_come_from_what_was_seen()
    {
        House house;
        (void)house.sessions.open("alice");
        Negotiations negotiations;
        negotiations.add("alice", "bob", NegotiationKind::Offer, Clock::now());
        house.node.setNegotiations(&negotiations);
        const auto rows = house.table("sessions");
        QCOMPARE(House::text(*rows, 0, "sessions", "negotiation"), std::string("offered"));
        QCOMPARE(House::text(*rows, 0, "sessions", "offers"), std::string("1"));
        // Those who have gone are forgotten when they are many.
        for (int i = 0; i < 2000; ++i)
            negotiations.add("gone-" + QByteArray::number(i), "alice", NegotiationKind::Candidate,
                             Clock::now());
        (void)house.table("sessions");
        QCOMPARE(negotiations.size(), 1);
    }

    void actions_reach_the_session_and_its_queue()
    {
        House house;
        const ListeningKey bob = house.sessions.open("bob").value().key;
        (void)house.sessions.publish(bob);
        const auto rows = house.table("sessions");
        const Node::Session id = std::stoull(House::text(*rows, 0, "sessions", "id"));
        std::optional<std::size_t> peeked;
        house.node.peek(id, 5, [&](std::optional<std::vector<MessagePtr>> found) {
            peeked = found ? found->size() : 99;
        });
        QVERIFY(house.settle([&] { return peeked.has_value(); }));
        QCOMPARE(*peeked, std::size_t(1));
        std::optional<std::size_t> purged;
        house.node.purge(id, [&](std::optional<std::size_t> count) { purged = count; });
        QVERIFY(house.settle([&] { return purged.has_value(); }));
        QCOMPARE(*purged, std::size_t(1));
        std::optional<bool> closed;
        house.node.closeSession(id, "reason", [&](bool done) { closed = done; });
        QVERIFY(house.settle([&] { return closed.has_value(); }));
        QVERIFY(*closed);
        bool answered = false;
        house.node.peek(id, 5, [&](std::optional<std::vector<MessagePtr>> found) { answered = !found; });
        QVERIFY(house.settle([&] { return answered; }));
        closed.reset();
        house.node.closeSession(id, "again", [&](bool done) { closed = done; });
        QVERIFY(house.settle([&] { return closed.has_value(); }));
        QVERIFY(!*closed);
    }

    void status_and_samples_tell_the_same_numbers()
    {
        House house;
        (void)house.sessions.open("alice");
        const QJsonObject status = house.node.status();
        QCOMPARE(status.value(u"sessions").toObject().value(u"new").toInt(), 1);
        QCOMPARE(status.value(u"state").toString(), QStringLiteral("ready"));
        QVERIFY(status.value(u"rss").toDouble() > 0 && status.value(u"descriptors").toInt() > 0);
        const std::vector<double> first = house.node.sample();
        QCOMPARE(first.size(), house.node.gauges().size());
        QCOMPARE(first[0], 1.0);
        QVERIFY(qIsNaN(first[2])); // a rate needs two samples
        QVERIFY(!qIsNaN(house.node.sample()[2]));
        house.stopping = true;
        QCOMPARE(house.node.status().value(u"state").toString(), QStringLiteral("stopping"));
    }

    void an_answer_after_the_node_has_gone_is_nothing()
    {
        SessionHouse sessions;
        IoThreads threads(1);
        threads.at(0).start([] {});
        ManualExecutor management;
        FrontMetrics fronts(sessions.metrics);
        RecordingPort port;
        EmbeddedDestinations destinations({}, port);
        std::atomic<bool> stopping{false};
        bool answered = false;
        {
            LiveNode node({},
                          {management, threads, *sessions.service, sessions.directory, sessions.queues,
                           destinations, fronts, sessions.store, sessions.metrics, stopping});
            node.collect("sessions", [&](const std::shared_ptr<const RowSet> &) { answered = true; });
            node.closeSession(1, "r", [&](bool) { answered = true; });
        }
        sessions.settle();
        while (management.runOne())
            sessions.settle();
        threads.at(0).stop([] {});
        while (management.runOne()) { }
        QVERIFY(!answered);
    }
};

QTEST_GUILESS_MAIN(LiveNodeTest)
#include "tst_livenode.moc"
