// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/senderledger.h"

#include <QTest>

using namespace msgsrv;

namespace {

using Step = MessageWatch::Step;

struct House
{
    explicit House(const SenderLedger::Settings &settings = {})
        : ledger(
            ListeningKey::fromPresented("queue.alice"), settings,
            [this](const ListeningKey &, const char *event, QByteArray json) {
                posted.append(event + QByteArray(" ") + json);
            },
            [this] { return now; })
    { }

    std::optional<MessageReport> add(std::uint64_t number, const QByteArray &exchangeId = {},
                                     const NoticeWishes &wishes = {})
    {
        return ledger.add(number,
                          {"m" + QByteArray::number(quint64(number)), exchangeId,
                           UserId::parse("bob").value(), MessageState::Queued, ""},
                          wishes);
    }
    void advance(std::uint64_t number, Step step, const char *reason = "")
    {
        if (ledger.advance(number, step, reason))
            ledger.tell();
    }
    [[nodiscard]] QByteArray state(std::uint64_t number) const
    {
        const auto report = ledger.find(number);
        return report ? report->toJson() : QByteArray("unknown");
    }

    TimePoint now{seconds(1000)};
    QByteArrayList posted;
    SenderLedger ledger;
};

constexpr NoticeWishes everything{true, true, true};

} // namespace

class TestSenderLedger : public QObject
{
    Q_OBJECT

private slots:
    void wishesAreWordsWithCommas_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("read");
        QTest::newRow("one") << QByteArray("written") << QByteArray("w");
        QTest::newRow("all") << QByteArray("failed, acked ,\twritten") << QByteArray("waf");
        QTest::newRow("twice") << QByteArray("acked,acked") << QByteArray("a");
        for (const char *bad : {"", ",", "acked,", "read", "Acked", "acked;failed"})
            QTest::newRow(bad) << QByteArray(bad) << QByteArray();
    }
    void wishesAreWordsWithCommas()
    {
        QFETCH(const QByteArray, text);
        QFETCH(const QByteArray, read);
        const auto wishes = NoticeWishes::parse({text.constData(), std::size_t(text.size())});
        QCOMPARE(wishes.has_value(), !read.isEmpty());
        QByteArray found;
        if (wishes)
            found = QByteArray(wishes->written ? "w" : "") + (wishes->acked ? "a" : "")
                + (wishes->failed ? "f" : "");
        QCOMPARE(found, read);
    }

    void aMessageGoesItsWay()
    {
        House house;
        QVERIFY(!house.add(1));
        QCOMPARE(house.state(1), QByteArray(R"({"messageId":"m1","toUserId":"bob","state":"queued"})"));
        house.advance(1, Step::Written);
        QVERIFY(house.state(1).contains(R"("state":"written")"));
        house.advance(1, Step::Acked);
        QVERIFY(house.state(1).contains(R"("state":"acked")"));
        house.advance(1, Step::Dropped, "session_ended"); // too late
        QVERIFY(house.state(1).contains(R"("state":"acked")"));
        QVERIFY(house.posted.isEmpty()); // nobody asked
        house.advance(2, Step::Written); // of which nobody knows
        QCOMPARE(house.state(2), QByteArray("unknown"));
    }

    void whoAskedIsToldOnce()
    {
        House house;
        QVERIFY(!house.add(1, "mine", everything));
        house.advance(1, Step::Written);
        house.advance(1, Step::Written); // again, after a break
        house.advance(1, Step::Acked);
        QCOMPARE(house.posted,
                 (QByteArrayList{
                     R"(written {"messageId":"m1","exchangeId":"mine","toUserId":"bob","state":"written"})",
                     R"(acked {"messageId":"m1","exchangeId":"mine","toUserId":"bob","state":"acked"})"}));
    }

    void writtenForGoodAnswersAWishForAcked()
    {
        House house;
        QVERIFY(!house.add(1, {}, {false, true, true}));
        house.advance(1, Step::WrittenForGood);
        QCOMPARE(house.posted,
                 QByteArrayList{R"(acked {"messageId":"m1","toUserId":"bob","state":"written"})"});
    }

    void failuresSayWhy()
    {
        House house;
        QVERIFY(!house.add(1, {}, everything));
        QVERIFY(!house.add(2, {}, everything));
        QVERIFY(!house.add(3, {}, {true, true, false}));
        house.advance(1, Step::Expired, "expired");
        house.advance(2, Step::Written);
        house.advance(2, Step::Dropped, "session_ended");
        house.advance(3, Step::Dropped, "purged");
        QCOMPARE(
            house.posted,
            (QByteArrayList{
                R"(failed {"messageId":"m1","toUserId":"bob","state":"expired"})",
                R"(written {"messageId":"m2","toUserId":"bob","state":"written"})",
                R"(failed {"messageId":"m2","toUserId":"bob","state":"dropped","reason":"session_ended"})"}));
    }

    void anExchangeIdIsKnownForAWhile()
    {
        House house({.kept = 10, .window = seconds(60)});
        QVERIFY(!house.add(1, "a"));
        QCOMPARE(house.add(2, "a")->messageId, QByteArray("m1")); // while it is on its way
        QCOMPARE(house.state(2), QByteArray("unknown"));
        house.advance(1, Step::WrittenForGood);
        house.now += seconds(59);
        QCOMPARE(house.add(3, "a")->state, MessageState::Written);
        house.now += seconds(1);
        QCOMPARE(house.state(1), QByteArray("unknown"));
        QVERIFY(!house.add(4, "a"));
        QCOMPARE(house.add(5, "a")->messageId, QByteArray("m4"));
        QVERIFY(house.ledger.forget(4).empty()); // it was not accepted
        QVERIFY(!house.add(6, "a"));
    }

    void whoAsksBeforeItIsDecidedWaits_data()
    {
        QTest::addColumn<bool>("accepted");
        QTest::addColumn<bool>("isFinal"); // before it is decided, and its entry is gone by then
        QTest::newRow("accepted") << true << false;
        QTest::newRow("accepted and delivered") << true << true;
        QTest::newRow("not accepted") << false << false;
    }
    void whoAsksBeforeItIsDecidedWaits()
    {
        QFETCH(const bool, accepted);
        QFETCH(const bool, isFinal);
        House house({.kept = 0, .window = seconds(60)});
        MessageReport report{"m1", "a", UserId::parse("bob").value(), MessageState::Queued, "", false};
        QVERIFY(!house.ledger.add(1, report, {}));
        QVERIFY(!house.add(2, "a")->isDecided);
        int called = 0;
        QVERIFY(house.ledger.whenDecided("a", [&] { ++called; }));
        if (isFinal)
            house.advance(1, Step::WrittenForGood);
        const auto waiting = accepted ? house.ledger.decide(1) : house.ledger.forget(1);
        QCOMPARE(waiting.size(), std::size_t(1));
        waiting.front()();
        QCOMPARE(called, 1);
        QVERIFY(!house.ledger.whenDecided("a", [] {})); // it is
        if (accepted && !isFinal)
            QVERIFY(house.add(3, "a")->isDecided);
        else
            QVERIFY(!house.add(3, "a"));
    }

    void whatIsRestoredIsKnownByItsId()
    {
        House house({.kept = 10, .window = seconds(60)});
        const UserId bob = UserId::parse("bob").value();
        house.ledger.restore(7, {"old-1", "a", bob, MessageState::Queued, "", true}, {false, false, true});
        QCOMPARE(house.ledger.findRestored("old-1")->state, MessageState::Queued);
        QVERIFY(!house.ledger.findRestored("old-2"));
        QCOMPARE(house.add(8, "a")->messageId, QByteArray("old-1"));
        QCOMPARE(house.ledger.originOf(7).exchangeId, QByteArray("a"));
        QVERIFY(house.ledger.originOf(7).wishes == (NoticeWishes{false, false, true}));
        house.advance(7, Step::Expired);
        QCOMPARE(house.posted.size(), 1);
        QCOMPARE(house.ledger.findRestored("old-1")->state, MessageState::Expired);
        QVERIFY(!house.ledger.originOf(7).wishes.any());
        house.now += seconds(60);
        QVERIFY(!house.ledger.findRestored("old-1"));
        QVERIFY(!house.add(9, "a"));
    }

    void whatIsOnItsWayIsNeverForgotten()
    {
        House house({.kept = 3, .window = seconds(60)});
        for (std::uint64_t number = 1; number <= 100; ++number)
            QVERIFY(!house.add(number, QByteArray::number(quint64(number)), {false, false, true}));
        for (std::uint64_t number = 2; number <= 100; ++number)
            house.advance(number, Step::WrittenForGood);
        QCOMPARE(house.state(97), QByteArray("unknown")); // the latest three are kept
        QVERIFY(house.state(98).contains("written"));
        QVERIFY(!house.add(200, "97")); // and so are their names
        house.now += std::chrono::hours(10);
        QVERIFY(house.state(1).contains("queued"));
        house.advance(1, Step::Dropped, "purged");
        QCOMPARE(house.posted.size(), 1);
    }
};

QTEST_APPLESS_MAIN(TestSenderLedger)
#include "tst_senderledger.moc"
