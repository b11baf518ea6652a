// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/presence.h"
#include "tests/server/broker/recordingport.h"

#include <QTest>

#include <atomic>
#include <thread>

using namespace msgsrv;

namespace {

using State = PresenceFact::State;

const UserId alice = UserId::parse("alice").value();
const UserId bob = UserId::parse("bob").value();
constexpr SubscriberId one{makeConnectionId(0, 1), 7};
constexpr SubscriberId two{makeConnectionId(0, 2), 9};

struct House
{
    explicit House(const Presence::Settings &settings = {})
        : presence(settings, port, [this] { return now; })
    { }
    QByteArray told(ConnectionId connection)
    {
        QByteArrayList list;
        for (const auto &[subscription, user, fact] : presence.take(connection))
            list += QByteArray::number(quint64(subscription)) + ' ' + user.bytes() + ' '
                + fact.toJsonMembers();
        return list.join("; ");
    }

    qint64 now = 1000;
    RecordingPort port;
    Presence presence;
};

} // namespace

class TestPresence : public QObject
{
    Q_OBJECT

private slots:
    void aUserComesAndGoes()
    {
        House house;
        QCOMPARE(house.presence.of(bob), (PresenceFact{State::Offline, {}}));
        QCOMPARE(house.presence.of(bob).toJsonMembers(), QByteArray(R"("state":"offline","since":null)"));
        house.presence.set(bob, State::Online);
        house.now = 2000;
        house.presence.set(bob, State::Online); // is no change
        QCOMPARE(house.presence.of(bob).toJsonMembers(), QByteArray(R"("state":"online","since":1000)"));
        house.presence.set(bob, State::Detached);
        QCOMPARE(house.presence.of(bob).toJsonMembers(), QByteArray(R"("state":"detached","since":2000)"));
        house.now = 3000;
        house.presence.set(bob, State::Offline);
        QCOMPARE(house.presence.of(bob), (PresenceFact{State::Offline, 3000}));
    }

    void thoseWhoLeftAreRememberedInBounds()
    {
        House house({.enabled = true, .remembered = 3});
        const auto user = [](int i) { return UserId::parse("u" + std::to_string(i)).value(); };
        (void)house.presence.watch(user(0), one);
        for (int i = 0; i < 10; ++i) {
            house.presence.set(user(i), State::Online);
            house.presence.set(user(i), State::Offline);
        }
        QVERIFY(house.presence.of(user(0)).sinceMs.has_value()); // who is watched
        for (int i = 1; i < 10; ++i)
            QCOMPARE(house.presence.of(user(i)).sinceMs.has_value(), i >= 7);
        house.presence.set(user(8), State::Online); // and back
        house.presence.set(user(1), State::Online);
        house.presence.set(user(1), State::Offline);
        QVERIFY(house.presence.of(user(7)).sinceMs.has_value());
        QCOMPARE(house.presence.of(user(8)).state, State::Online);
    }

    void watchersAreToldTheLatestOnce()
    {
        House house;
        QCOMPARE(house.presence.watch(bob, one).state, State::Offline);
        (void)house.presence.watch(bob, two);
        (void)house.presence.watch(alice, two);
        QCOMPARE(house.presence.watchers(), std::size_t(3));
        house.presence.set(bob, State::Online);
        QCOMPARE(house.port.takeNotices().size(), std::size_t(2));
        house.presence.set(bob, State::Detached);
        house.presence.set(alice, State::Online);
        QVERIFY(house.port.takeNotices().empty()); // both know that there is something
        QCOMPARE(house.told(one.connection), QByteArray(R"(7 bob "state":"detached","since":1000)"));
        QCOMPARE(
            house.told(two.connection),
            QByteArray(R"(9 bob "state":"detached","since":1000; 9 alice "state":"online","since":1000)"));
        QCOMPARE(house.told(two.connection), QByteArray());
        house.presence.set(bob, State::Offline);
        const auto notices = house.port.takeNotices();
        QCOMPARE(notices.size(), std::size_t(2));
        QVERIFY(notices[0].second.isNull());
    }

    void whoStopsWatchingLeavesNothing()
    {
        House house;
        (void)house.presence.watch(bob, one);
        house.presence.set(bob, State::Online);
        house.presence.unwatch(bob, one);
        QCOMPARE(house.told(one.connection), QByteArray());
        house.presence.unwatch(bob, one); // again
        house.presence.unwatch(alice, one); // never watched
        QCOMPARE(house.presence.watchers(), std::size_t(0));
        (void)house.port.takeNotices();
        house.presence.set(bob, State::Detached);
        QVERIFY(house.port.takeNotices().empty());
        QCOMPARE(house.presence.of(bob).state, State::Detached);
    }

    void offIsOff()
    {
        House house({.enabled = false, .remembered = 10});
        house.presence.set(bob, State::Online);
        QCOMPARE(house.presence.of(bob), PresenceFact());
    }

    void threadsMayMeet()
    {
        House house;
        std::atomic<bool> stop{false};
        std::thread mover([&] {
            for (int i = 0; !stop; ++i)
                house.presence.set(i % 2 ? alice : bob, State(i / 2 % 3));
        });
        for (int i = 0; i < 2000; ++i) {
            (void)house.presence.watch(i % 2 ? alice : bob, one);
            (void)house.presence.take(one.connection);
            (void)house.presence.of(alice);
            house.presence.unwatch(i % 2 ? alice : bob, one);
        }
        stop = true;
        mover.join();
        QCOMPARE(house.presence.watchers(), std::size_t(0));
    }
};

QTEST_APPLESS_MAIN(TestPresence)
#include "tst_presence.moc"
