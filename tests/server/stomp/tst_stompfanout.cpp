// SPDX-License-Identifier: GPL-3.0-or-later
//
// A message to a topic is written once for each protocol version, however many receive it.
#include "stompfixture.h"

#include <QTest>

using namespace msgsrv;

namespace {

constexpr int subscriberCount = 1000;
const QByteArrayList versions{"1.0", "1.1", "1.2"};
const DestinationName topic{DestinationName::Kind::Topic, "news"};

/// One connection of the account guest, in the surroundings of the fixture.
struct Member
{
    Member(StompFixture &f, EmbeddedDestinations &destinations, int number)
        : version(versions[number % 3])
    {
        connection.connectionId = makeConnectionId(0, quint64(100 + number));
        stomp = std::make_unique<StompConnection>(
            connection,
            StompConnection::Collaborators{f.sessions, f.exchange, f.broker, destinations, f.ioThread,
                                           f.metrics, f.limits, f.passcodes},
            f.settings);
        receive("CONNECT\nlogin:guest\npasscode:guest\naccept-version:" + version + "\n\n^@");
        connection.sent.clear();
    }
    void receive(QByteArray bytes)
    {
        bytes.replace("^@", QByteArray(1, '\0'));
        stomp->onMessage({bytes.constData(), std::size_t(bytes.size())}, true, TimePoint(seconds(1000)));
    }

    QByteArray version;
    FakeConnection connection;
    std::unique_ptr<StompConnection> stomp;
};

} // namespace

class TestStompFanOut : public QObject
{
    Q_OBJECT

private slots:
    void aTopicsMessageIsWrittenOnceForEachVersion() // item 91
    {
        StompFixture f([](StompSettings &s) {
            s.accounts = {{StompFixture::user("guest"), "guest", {{"/topic/*"}, {"/topic/*"}}}};
        });
        EmbeddedDestinations destinations({.queues = 0}, f.port);
        std::vector<std::unique_ptr<Member>> members;
        for (int i = 0; i < subscriberCount; ++i) {
            members.push_back(std::make_unique<Member>(f, destinations, i));
            members.back()->receive("SUBSCRIBE\nid:" + QByteArray::number(i)
                                    + "\ndestination:/topic/news\n\n^@");
        }
        // One more, to look at what the others get.
        const SubscriberId watcher{makeConnectionId(0, 1), 1};
        destinations.subscribe(topic, watcher, {}, false, 0, {});
        members.front()->receive("SEND\ndestination:/topic/news\nkind:a:b\n\nhello^@");
        const auto taken = destinations.take(topic, watcher, 1, 1 << 20);
        QCOMPARE(taken.size(), std::size_t(1));
        const auto tail = taken[0].message->tail;
        QVERIFY(tail);
        QCOMPARE(tail->written.load(), 0);

        for (const auto &member : members)
            member->stomp->onMessagesReady(ListeningKey());
        QCOMPARE(tail->written.load(), int(versions.size()));
        const QByteArray id = taken[0].message->id;
        for (int i = 0; i < subscriberCount; ++i) {
            const Member &member = *members[std::size_t(i)];
            QCOMPARE(member.connection.sent,
                     QByteArrayList{"MESSAGE\ndestination:/topic/news\nsubscription:" + QByteArray::number(i)
                                    + "\nmessage-id:" + id
                                    + "\nfrom:guest\nkind:" + (member.version == "1.0" ? "a:b" : "a\\cb")
                                    + "\ncontent-length:5\n\nhello^@"});
        }
    }

    void aMessageWithOneReceiverIsNotKept()
    {
        StompFixture f([](StompSettings &s) {
            s.accounts = {{StompFixture::user("guest"), "guest", {{"/queue/*"}, {}}}};
        });
        const DestinationName queue{DestinationName::Kind::Queue, "work"};
        const SubscriberId watcher{makeConnectionId(0, 1), 1};
        f.destinations.subscribe(queue, watcher, {}, false, 0, {});
        Member writer(f, f.destinations, 0);
        writer.receive("SEND\ndestination:/queue/work\n\nhello^@");
        const auto taken = f.destinations.take(queue, watcher, 1, 1 << 20);
        QCOMPARE(taken.size(), std::size_t(1));
        QVERIFY(!taken[0].message->tail);
    }
};

QTEST_APPLESS_MAIN(TestStompFanOut)
#include "tst_stompfanout.moc"
