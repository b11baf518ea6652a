// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/exchange.h"

#include "shared/base/json.h"

#include <QRegularExpression>
#include <QSet>
#include <QTest>

#include <optional>

using namespace msgsrv;

namespace {

/// Keeps what is published and answers it as told, at once or when the test says so.
class PublishingBroker final : public Broker
{
public:
    struct Publication
    {
        ListeningKey queue;
        MessagePtr message;
        Tell tell = Tell::Acceptance;
        PublishDone done;
    };
    std::vector<Publication> publications;
    std::optional<PublishResult> answer = PublishResult{PublishResult::State::Written, PublishRefusal::None};

    void publish(const ListeningKey &queue, MessagePtr message, Tell tell, PublishDone done) override
    {
        publications.push_back({queue, std::move(message), tell, done});
        if (answer)
            done(*answer);
    }

    void reserve(const ListeningKey &) override { }
    void subscribe(const ListeningKey &, ConnectionId, SubscribeDone) override { }
    void unsubscribe(const ListeningKey &, ConnectionId) override { }
    void detach(const ListeningKey &, ConnectionId) override { }
    void remove(const ListeningKey &, DropReason) override { }
    std::vector<Delivery> take(const ListeningKey &, ConnectionId, int, qsizetype) override { return {}; }
    void hold(const ListeningKey &, ConnectionId, int, int) override { }
    void acknowledge(const ListeningKey &, ConnectionId, const std::vector<DeliveryTag> &, Verdict) override
    { }
    void settle(const ListeningKey &, ConnectionId, int, int, DropReason) override { }
    void inspect(InspectDone) override { }
    [[nodiscard]] BrokerCounts counts() const override { return {}; }
};

UserId user(std::string_view name)
{
    return UserId::parse(name).value();
}

constexpr qsizetype limit = 100;

/// An exchange between alice and bob, who has a session.
struct House
{
    SessionDirectory directory;
    PublishingBroker broker;
    Exchange exchange{directory, broker, limit};
    const ListeningKey bobsKey = ListeningKey::generate();

    House() { directory.add({user("bob"), bobsKey, Generation(1)}); }

    /// A session whose messages are followed.
    ListeningKey follow(const char *name)
    {
        const ListeningKey key = ListeningKey::generate();
        directory.add({user(name), key, Generation(2), ledgers.make(key)});
        return key;
    }
    SenderLedgers ledgers{{}, broker};

    using Result = tl::expected<ExchangeReceipt, Problem>;

    Result relay(ExchangeRequest request, Broker::Tell tell = Broker::Tell::Outcome)
    {
        std::optional<Result> result;
        exchange.relay(std::move(request), tell, [&](Result r) {
            QVERIFY(!result);
            result = std::move(r);
        });
        return result.value();
    }
};

} // namespace

class TestExchange : public QObject
{
    Q_OBJECT

private slots:
    void theRecipientGetsSenderAndContentAsJson_data()
    {
        QTest::addColumn<QByteArray>("from");
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QByteArray>("body");
        QTest::newRow("string") << QByteArray("alice") << QByteArray(R"("hello")")
                                << QByteArray(R"({"from":"alice","content":"hello"})");
        QTest::newRow("object") << QByteArray("alice") << QByteArray(R"({"a":[1,2]})")
                                << QByteArray(R"({"from":"alice","content":{"a":[1,2]}})");
        QTest::newRow("null") << QByteArray("alice") << QByteArray("null")
                              << QByteArray(R"({"from":"alice","content":null})");
        QTest::newRow("quotes in the name") << QByteArray("a\"},{\\b") << QByteArray("1")
                                            << QByteArray("{\"from\":\"a\\\"},{\\\\b\",\"content\":1}");
        QTest::newRow("another script")
            << QByteArray("Ζωή") << QByteArray(R"("ü")") << QByteArray(R"({"from":"Ζωή","content":"ü"})");
    }

    void theRecipientGetsSenderAndContentAsJson()
    {
        QFETCH(QByteArray, from);
        QFETCH(QByteArray, content);
        QFETCH(QByteArray, body);
        House house;
        QVERIFY(house.relay({user(from.toStdString()), user("bob"), content, {}}).has_value());
        QCOMPARE(house.broker.publications.size(), std::size_t(1));
        const auto &published = house.broker.publications.front();
        QCOMPARE(published.queue, house.bobsKey);
        QCOMPARE(published.message->body, body);
        QCOMPARE(published.message->from.bytes(), from);
        QVERIFY(readJsonObject({body.constData(), std::size_t(body.size())}).has_value());
    }

    void headersTravelWithTheMessage()
    {
        House house;
        QVERIFY(house.relay({user("alice"), user("bob"), "1", {{"priority", "9"}, {"priority", "1"}}})
                    .has_value());
        const MessagePtr message = house.broker.publications.front().message;
        QCOMPARE(message->headers.size(), std::size_t(2));
        QCOMPARE(message->headers[0].second, QByteArray("9"));
    }

    void aSenderWhoseSessionIsOverIsRefused()
    {
        House house;
        const ListeningKey alicesKey = ListeningKey::generate();
        house.directory.add({user("alice"), alicesKey, Generation(2)});
        const ExchangeRequest request{user("alice"), user("bob"), "1", {}, alicesKey};
        QVERIFY(house.relay(request).has_value());
        house.directory.remove(alicesKey, Generation(2));
        const auto refused = house.relay(request);
        QVERIFY(!refused.has_value());
        QCOMPARE(refused.error().cause, ProblemCause::UnknownKey);
        const auto foreign = house.relay({user("alice"), user("bob"), "1", {}, house.bobsKey});
        QVERIFY(!foreign.has_value());
        QCOMPARE(house.broker.publications.size(), std::size_t(1));
    }

    void everyMessageHasAnIdOfItsOwnThatNoGrammarEscapes()
    {
        House house;
        House other;
        QSet<QByteArray> ids;
        static const QRegularExpression plain(QStringLiteral("^[0-9a-z]{8}-[0-9a-z]+$"));
        for (int i = 0; i < 1000; ++i) {
            const auto receipt = house.relay({user("alice"), user("bob"), "1", {}}).value();
            QCOMPARE(receipt.messageId, house.broker.publications.back().message->id);
            QVERIFY(plain.match(QString::fromLatin1(receipt.messageId)).hasMatch());
            ids.insert(receipt.messageId);
        }
        QCOMPARE(ids.size(), 1000);
        QVERIFY(!ids.contains(other.relay({user("alice"), user("bob"), "1", {}})->messageId));
    }

    void theReceiptSaysWhetherTheMessageWasWritten()
    {
        House house;
        QVERIFY(house.relay({user("alice"), user("bob"), "1", {}})->written);
        house.broker.answer = {PublishResult::State::Queued, PublishRefusal::None};
        QVERIFY(!house.relay({user("alice"), user("bob"), "1", {}})->written);
    }

    void theBrokerIsAskedForWhatTheCallerWants()
    {
        House house;
        (void)house.relay({user("alice"), user("bob"), "1", {}}, Broker::Tell::Acceptance);
        (void)house.relay({user("alice"), user("bob"), "1", {}}, Broker::Tell::Outcome);
        QCOMPARE(house.broker.publications[0].tell, Broker::Tell::Acceptance);
        QCOMPARE(house.broker.publications[1].tell, Broker::Tell::Outcome);
    }

    void aLateAnswerIsTheAnswer()
    {
        House house;
        house.broker.answer.reset();
        int answers = 0;
        house.exchange.relay({user("alice"), user("bob"), "1", {}}, Broker::Tell::Outcome,
                             [&](const House::Result &result) { answers += result->written ? 1 : 100; });
        QCOMPARE(answers, 0);
        house.broker.publications.front().done({PublishResult::State::Written, PublishRefusal::None});
        QCOMPARE(answers, 1);
    }

    void whatTheBrokerDoesNotTakeIsAProblem_data()
    {
        using State = PublishResult::State;
        QTest::addColumn<int>("state");
        QTest::addColumn<int>("refusal");
        QTest::addColumn<int>("cause");
        QTest::addColumn<bool>("retry");
        const auto row
            = [](const char *name, State state, PublishRefusal refusal, ProblemCause cause, bool retry) {
                  QTest::newRow(name) << int(state) << int(refusal) << int(cause) << retry;
              };
        row("no queue", State::Refused, PublishRefusal::NoQueue, ProblemCause::RecipientUnknown, false);
        row("full", State::Refused, PublishRefusal::QueueFull, ProblemCause::QueueFull, true);
        row("away", State::Refused, PublishRefusal::Unavailable, ProblemCause::Unavailable, true);
        row("dropped", State::Dropped, PublishRefusal::None, ProblemCause::RecipientUnknown, false);
    }

    void whatTheBrokerDoesNotTakeIsAProblem()
    {
        QFETCH(int, state);
        QFETCH(int, refusal);
        QFETCH(int, cause);
        QFETCH(bool, retry);
        House house;
        house.broker.answer = PublishResult{PublishResult::State(state), PublishRefusal(refusal)};
        const auto result = house.relay({user("alice"), user("bob"), "1", {}});
        QVERIFY(!result.has_value());
        QCOMPARE(int(result.error().cause), cause);
        QCOMPARE(result.error().retryAfterSeconds > 0, retry);
        QVERIFY(!result.error().detail.isEmpty());
    }

    void aRecipientWithoutSessionIsUnknown()
    {
        House house;
        const auto result = house.relay({user("alice"), user("carol"), "1", {}});
        QCOMPARE(result.error().cause, ProblemCause::RecipientUnknown);
        house.directory.remove(house.bobsKey, Generation(1));
        QCOMPARE(house.relay({user("alice"), user("bob"), "1", {}}).error().cause,
                 ProblemCause::RecipientUnknown);
        QVERIFY(house.broker.publications.empty());
    }

    void contentAtTheLimitPassesAndOneByteMoreDoesNot()
    {
        House house;
        QVERIFY(house.relay({user("alice"), user("bob"), QByteArray(limit, '1'), {}}).has_value());
        const auto result = house.relay({user("alice"), user("bob"), QByteArray(limit + 1, '1'), {}});
        QCOMPARE(result.error().cause, ProblemCause::ContentTooLarge);
        QCOMPARE(house.broker.publications.size(), std::size_t(1));
    }

    void aMessageSaysWhatIsToBeKeptOfIt_data()
    {
        QTest::addColumn<int>("keeping");
        QTest::addColumn<bool>("failed"); // is asked for
        QTest::addColumn<int>("keep");
        using Keeping = Exchange::Keeping;
        const auto row = [](const char *name, Keeping keeping, bool failed, Keep keep) {
            QTest::newRow(name) << int(keeping) << failed << int(keep);
        };
        row("nothing", Keeping::Nothing, true, Keep::Nothing);
        row("a fate", Keeping::Fates, true, Keep::Fate);
        row("a fate that nobody asks for", Keeping::Fates, false, Keep::Nothing);
        row("every message", Keeping::Messages, false, Keep::Surely);
        row("every message and who asks", Keeping::Messages, true, Keep::Surely);
    }
    void aMessageSaysWhatIsToBeKeptOfIt()
    {
        QFETCH(const int, keeping);
        QFETCH(const bool, failed);
        House house;
        house.exchange.setKeeping(Exchange::Keeping(keeping));
        const ListeningKey key = house.follow("alice");
        QVERIFY(house
                    .relay({.from = user("alice"),
                            .to = user("bob"),
                            .contentJson = "1",
                            .headers = {},
                            .senderKey = key,
                            .wishes = {true, true, failed}})
                    .has_value());
        const MessagePtr message = house.broker.publications.front().message;
        QTEST(int(message->keep), "keep");
        QVERIFY(!message->isHeld);
        QVERIFY(message->watch->originOf(message->number).sender == key);
    }

    void aRepeatIsAnsweredWhenTheFirstIs_data()
    {
        QTest::addColumn<bool>("accepted");
        QTest::newRow("accepted") << true;
        QTest::newRow("not saved") << false;
    }
    void aRepeatIsAnsweredWhenTheFirstIs()
    {
        QFETCH(const bool, accepted);
        House house;
        house.exchange.setKeeping(Exchange::Keeping::Messages);
        const ListeningKey key = house.follow("alice");
        house.broker.answer.reset();
        std::vector<House::Result> answers;
        const auto send = [&] {
            house.exchange.relay({.from = user("alice"),
                                  .to = user("bob"),
                                  .contentJson = "1",
                                  .headers = {},
                                  .senderKey = key,
                                  .exchangeId = "name"},
                                 Broker::Tell::Outcome,
                                 [&](const House::Result &result) { answers.push_back(result); });
        };
        send();
        send();
        QCOMPARE(house.broker.publications.size(), std::size_t(1));
        QVERIFY(answers.empty());
        const auto first = house.broker.publications.front();
        first.done(accepted ? PublishResult{PublishResult::State::Queued, PublishRefusal::None}
                            : PublishResult{PublishResult::State::Refused, PublishRefusal::NotSaved});
        if (accepted) {
            QCOMPARE(answers.size(), std::size_t(2));
            QCOMPARE(answers[0]->messageId, answers[1]->messageId);
            QVERIFY(!answers[1]->written);
            return;
        }
        QCOMPARE(answers.size(), std::size_t(1));
        QCOMPARE(answers[0].error().cause, ProblemCause::Unavailable);
        QVERIFY(answers[0].error().retryAfterSeconds > 0);
        QCOMPARE(house.broker.publications.size(), std::size_t(2)); // the other is a message of its own now
        house.broker.publications.back().done({PublishResult::State::Written, PublishRefusal::None});
        QCOMPARE(answers.size(), std::size_t(2));
        QVERIFY(answers[1]->written);
    }

    void aLimitOfZeroIsNone()
    {
        House house;
        Exchange unlimited(house.directory, house.broker, 0);
        bool written = false;
        unlimited.relay({user("alice"), user("bob"), QByteArray(10'000'000, '1'), {}}, Broker::Tell::Outcome,
                        [&](const House::Result &result) { written = result && result->written; });
        QVERIFY(written);
    }
};

QTEST_APPLESS_MAIN(TestExchange)
#include "tst_exchange.moc"
