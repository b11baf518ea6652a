// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/server/session/sessionhouse.h"

#include <QLoggingCategory>
#include <QTest>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>

using namespace msgsrv;

namespace {

using Fate = LossyBroker::Fate;

constexpr std::array names{"alice", "bob", "carol"};

/// A connection as its I/O thread sees it: it knows what was answered to it and what it was asked, and only
/// when its inbox is read.
struct Client
{
    ConnectionId id = ConnectionId::None;
    QByteArray name;
    ListeningKey key;
    std::deque<std::function<void()>> inbox;
    bool attached = false;
    bool subscribed = false;
    bool unsubscribed = false;
    bool askedToClose = false;
    bool gone = false;
};

/// Users who open, attach, subscribe, unsubscribe, close and disconnect, with everything that crosses a
/// thread delayed at random: tasks of the main thread, inboxes of connections, answers of the store, and,
/// when the broker is bad, its events.
class Town
{
public:
    Town(std::uint32_t seed, bool badBroker)
        : m_random(seed)
        , m_badBroker(badBroker)
    { }

    [[nodiscard]] const std::string &complaint() const { return m_complaint; }
    [[nodiscard]] double strange(Strange kind) const { return m_house.strange(kind); }
    [[nodiscard]] int messagesTaken() const { return m_messagesTaken; }

    void randomStep()
    {
        if (m_badBroker && pick(20) == 0) {
            constexpr std::array fates{Fate::Pass, Fate::Pass, Fate::Lose, Fate::Hold};
            m_house.broker.onCreated(fates[std::size_t(pick(4))]);
            m_house.broker.onDeleted(fates[std::size_t(pick(4))]);
        }
        switch (pick(14)) {
        case 0:
            open();
            break;
        case 1:
            if (pick(3) == 0)
                connect();
            break;
        case 2:
            subscribe();
            break;
        case 3:
            if (pick(m_badBroker ? 4 : 12) == 0)
                leave(false);
            break;
        case 4:
            if (pick(12) == 0)
                leave(true);
            break;
        case 5:
            if (pick(20) == 0)
                disconnect();
            break;
        case 6:
            // The timer's turn comes after what was posted before it.
            while (m_house.mainThread.runOne()) { }
            m_house.now += milliseconds(pick(3000));
            m_house.mainThread.inside([this] { m_house.service->tick(m_house.now); });
            break;
        case 7:
            m_house.store.answerOne();
            break;
        case 8:
            if (m_badBroker)
                m_house.broker.release();
            break;
        case 9:
        case 10:
            readInbox();
            break;
        default:
            m_house.mainThread.runOne();
            break;
        }
        forwardCloseRequests();
        if (pick(40) == 0) {
            rest();
            if (!m_badBroker)
                checkAtRest();
        }
    }

    /// Everybody leaves, time passes, and nothing may be left behind.
    void finish()
    {
        rest();
        m_house.pass(seconds(15), seconds(1));
        for (auto &[id, client] : m_clients) {
            if (!client.gone)
                leave(client, true);
        }
        m_house.broker.onCreated(Fate::Pass);
        m_house.broker.onDeleted(Fate::Pass);
        m_house.broker.release();
        rest();
        m_house.pass(seconds(130), seconds(1));
        require(m_house.sessions() == 0, "sessions are left");
        require(m_house.store.records.isEmpty(), "records are left");
        for (const char *name : names)
            require(!m_house.directory.findUser(user(name)), "a user is left in the directory");
        for (const ListeningKey &key : m_keys) {
            require(!m_house.directory.findKey(key), "a key is left in the directory");
            require(m_house.publish(key).refusal == PublishRefusal::NoQueue, "a queue is left");
        }
        require(m_house.broker.counts().inFlight == 0, "messages are left");
        if (!m_badBroker)
            require(m_house.strange(Strange::QueueLost) == 0, "strange without a cause");
        for (const char *name : names)
            require(m_house.open(name).has_value(), "a userId is not free");
    }

private:
    int pick(int below) { return int(m_random() % unsigned(below)); }

    void require(bool condition, const char *what)
    {
        if (!condition && m_complaint.empty())
            m_complaint = what;
    }

    Client *anyClient()
    {
        std::vector<Client *> present;
        for (auto &[id, client] : m_clients) {
            if (!client.gone)
                present.push_back(&client);
        }
        return present.empty() ? nullptr : present[std::size_t(pick(int(present.size())))];
    }

    void open()
    {
        const char *name = names[std::size_t(pick(int(names.size())))];
        m_house.service->open({user(name), {}}, [this, name](const SessionHouse::OpenResult &result) {
            if (!result)
                return;
            m_known[name] = result->key;
            m_keys.push_back(result->key);
        });
    }

    void connect()
    {
        if (m_known.empty())
            return;
        auto known = m_known.begin();
        std::advance(known, pick(int(m_known.size())));
        if (!m_house.directory.findKey(known->second) && pick(8) != 0)
            return; // mostly those come whose session is there
        const ConnectionId id = makeConnectionId(unsigned(pick(2)), ++m_lastConnection);
        Client &client = m_clients[id];
        client.id = id;
        client.name = known->first;
        client.key = known->second;
        m_house.service->attach({id, client.name, client.key},
                                [&client](const SessionHouse::AttachResult &result) {
                                    client.inbox.push_back([&client, ok = result.has_value()] {
                                        client.attached = ok;
                                        client.gone = client.gone || !ok;
                                    });
                                });
    }

    void subscribe()
    {
        Client *client = anyClient();
        if (client && client->attached && !client->subscribed && !client->unsubscribed)
            client->subscribed = m_house.subscribe(client->key, client->id);
    }

    void leave(bool closes)
    {
        if (Client *client = anyClient())
            leave(*client, closes);
    }

    void leave(Client &client, bool closes)
    {
        const bool tellFirst = pick(2) == 0;
        if (closes && tellFirst)
            m_house.service->connectionClosed(client.key, client.id, ConnectionEnd::Finished);
        if (client.subscribed)
            m_house.broker.unsubscribe(client.key, client.id);
        client.unsubscribed = client.unsubscribed || client.subscribed;
        if (closes && !tellFirst)
            m_house.service->connectionClosed(client.key, client.id, ConnectionEnd::Finished);
        client.subscribed = false;
        client.attached = client.attached && !closes;
        client.gone = client.gone || closes;
    }

    void disconnect()
    {
        if (Client *client = anyClient()) {
            m_disconnected.insert(client->key);
            m_house.service->end(client->key, [](const auto &) {});
        }
    }

    void readInbox()
    {
        Client *client = anyClient();
        if (!client || client->inbox.empty())
            return;
        const auto task = std::move(client->inbox.front());
        client->inbox.pop_front();
        task();
        if (client->askedToClose)
            leave(*client, true);
    }

    void forwardCloseRequests()
    {
        for (const auto &request : std::exchange(m_house.connections.requests, {})) {
            const auto it = m_clients.find(request.connection);
            if (it == m_clients.end())
                continue;
            it->second.inbox.push_back([client = &it->second] { client->askedToClose = true; });
        }
    }

    /// Everything that is under way arrives.
    void rest()
    {
        bool busy = true;
        while (busy) {
            m_house.settle();
            forwardCloseRequests();
            busy = false;
            for (auto &[id, client] : m_clients) {
                while (!client.gone && !client.inbox.empty()) {
                    busy = true;
                    const auto task = std::move(client.inbox.front());
                    client.inbox.pop_front();
                    task();
                    if (client.askedToClose)
                        leave(client, true);
                }
            }
        }
        // Nobody can refer to them any more.
        std::erase_if(m_clients, [](const auto &client) { return client.second.gone; });
    }

    /// With a broker that tells everything, whoever believes to be subscribed gets the messages.
    void checkAtRest()
    {
        std::map<QByteArray, int> holders;
        for (auto &[id, client] : m_clients) {
            const auto entry = m_house.directory.findKey(client.key);
            if (client.subscribed && !client.gone && !m_disconnected.contains(client.key))
                require(entry.has_value(), "a subscriber lost its session");
            if (client.gone || !client.attached || !entry)
                continue;
            require(++holders[client.key.secret()] == 1, "two connections hold one session");
            if (!client.subscribed)
                continue;
            require(m_house.publish(client.key).state == PublishResult::State::Queued, "no queue");
            const auto messages = m_house.broker.take(client.key, id, 1000, 1'000'000);
            require(!messages.empty(), "the subscriber gets no messages");
            m_house.broker.settle(client.key, id, int(messages.size()), 0, DropReason::SessionEnded);
            m_messagesTaken += int(messages.size());
            require(m_house.store.records.value(client.key).acked, "subscribed and not acked");
        }
    }

    std::mt19937 m_random;
    const bool m_badBroker;
    SessionHouse m_house;
    std::string m_complaint;
    std::map<QByteArray, ListeningKey> m_known;
    std::vector<ListeningKey> m_keys;
    QSet<ListeningKey> m_disconnected;
    std::map<ConnectionId, Client> m_clients;
    std::uint64_t m_lastConnection = 0;
    int m_messagesTaken = 0;
};

constexpr std::uint32_t runs = 300;
constexpr int stepsPerRun = 1'500;

} // namespace

/// Whole services under random interleavings: MSGSRV_SEED=<n> runs that one alone.
class TestSessionRaces : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("msgsrv.*=false")); }

    void noInterleavingLeavesAnythingBehind_data()
    {
        QTest::addColumn<bool>("badBroker");
        QTest::newRow("a broker that tells everything") << false;
        QTest::newRow("a broker that loses and delays events") << true;
    }

    void noInterleavingLeavesAnythingBehind()
    {
        QFETCH(bool, badBroker);
        bool given = false;
        const std::uint32_t only = std::uint32_t(qEnvironmentVariableIntValue("MSGSRV_SEED", &given));
        const std::uint32_t first = given ? only : std::random_device{}() % 1'000'000'000;
        double strange[2] = {};
        int messages = 0;
        for (std::uint32_t seed = first; seed != first + (given ? 1 : runs); ++seed) {
            Town town(seed, badBroker);
            for (int step = 0; step < stepsPerRun && town.complaint().empty(); ++step)
                town.randomStep();
            town.finish();
            QVERIFY2(town.complaint().empty(),
                     ("MSGSRV_SEED=" + std::to_string(seed) + ": " + town.complaint()).c_str());
            strange[0] += town.strange(Strange::UnackedExpired);
            strange[1] += town.strange(Strange::QueueLost);
            messages += town.messagesTaken();
        }
        if (given)
            return;
        // The generator got where it should.
        QVERIFY(strange[0] > 0);
        QCOMPARE(strange[1] > 0, badBroker);
        QCOMPARE(messages > 0, !badBroker);
    }
};

QTEST_APPLESS_MAIN(TestSessionRaces)
#include "tst_sessionraces.moc"
