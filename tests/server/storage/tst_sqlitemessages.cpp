// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/server/storage/sqlitefixture.h"

#include <QTest>

using namespace msgsrv;

namespace {

using HeaderList = std::vector<std::pair<QByteArray, QByteArray>>;

UserId user(std::string_view name)
{
    return UserId::parse(name).value();
}

std::shared_ptr<Message> message(const QByteArray &id, const HeaderList &headers = {},
                                 const char *via = "http")
{
    auto made = std::make_shared<Message>();
    made->id = id;
    made->from = user("bert");
    made->body = R"({"from":"bert","content":")" + id + "\"}";
    made->headers = headers;
    made->acceptedAt = Clock::now();
    made->via = via;
    return made;
}

Told save(SessionStore &store, std::vector<StoredMessage> messages)
{
    auto told = std::make_shared<std::optional<StoreStatus>>();
    store.saveMessages(std::move(messages), [told](StoreStatus status) { *told = status; });
    return told;
}

/// "session:id" of each, "!" behind those that were delivered before.
QByteArray shown(const std::vector<StoredMessage> &messages)
{
    QByteArrayList list;
    for (const StoredMessage &stored : messages)
        list.append(QByteArray::number(qulonglong(stored.session)) + ':' + stored.message->id
                    + (stored.redelivered ? "!" : ""));
    return list.join(' ');
}

} // namespace

/// Messages in the file of the sessions, from the end of one program to the start of the next.
class TestSqliteMessages : public QObject
{
    Q_OBJECT

private slots:
    void theyComeBackOnceInTheirOrder()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            QVERIFY(store->isLasting());
            (void)insert(*store, makeRecord("anna", 7));
            (void)insert(*store, makeRecord("carl", 3));
            QCOMPARE(answerOf(save(*store,
                                   {{Generation(7), message("z"), true},
                                    {Generation(3), message("y"), false},
                                    {Generation(7), message("x"), false}})),
                     StoreStatus::Ok);
        }
        const auto stored = f.tryOpen();
        QVERIFY2(stored.has_value(), qPrintable(stored ? QString() : stored.error()));
        QCOMPARE(shown(stored->messages), QByteArray("7:z! 3:y 7:x"));
        QCOMPARE(f.run({QStringLiteral("SELECT count(*) FROM messages")}), QStringLiteral("0"));
        QVERIFY(f.tryOpen()->messages.empty());
        QCOMPARE(f.tryOpen()->records.size(), std::size_t(2));
    }

    void everythingAboutAMessageIsKept()
    {
        const QByteArray strange("a:b\\c\n\r \xc3\xa9 ;'\"", 13);
        const auto original
            = message("id", {{"priority", "high"}, {strange, strange}, {"priority", ""}}, "stomp");
        original->acceptedAt = Clock::now() - seconds(90);
        original->body = QByteArray("{\"from\":\"bert\",\"content\":\"\xf0\x9f\x90\xa7\"}");
        const auto plain = message("");
        plain->body.clear();
        const SqliteFixture f;
        {
            const auto store = f.open();
            (void)insert(*store, makeRecord("anna", 1));
            QCOMPARE(
                answerOf(save(*store, {{Generation(1), original, false}, {Generation(1), plain, false}})),
                StoreStatus::Ok);
        }
        const auto stored = f.tryOpen();
        QCOMPARE(stored->messages.size(), std::size_t(2));
        const Message &back = *stored->messages[0].message;
        QCOMPARE(back.id, original->id);
        QCOMPARE(back.from, original->from);
        QCOMPARE(back.to, user("anna"));
        QCOMPARE(back.body, original->body);
        QVERIFY(back.headers == original->headers);
        QCOMPARE(QByteArray(back.via), QByteArray("stomp"));
        const auto age = Clock::now() - back.acceptedAt;
        QVERIFY(age > seconds(89) && age < seconds(300));
        QVERIFY(stored->messages[1].message->headers.empty());
        QVERIFY(stored->messages[1].message->body.isEmpty());
        QCOMPARE(QByteArray(stored->messages[1].message->via), QByteArray("http"));
    }

    void aWallClockThatWasSetBackMakesNoMessageOfTheFuture()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            (void)insert(*store, makeRecord("anna", 1));
            QCOMPARE(answerOf(save(*store, {{Generation(1), message("m"), false}})), StoreStatus::Ok);
        }
        f.run({QStringLiteral("UPDATE messages SET accepted_at_ms = accepted_at_ms + 86400000")});
        const TimePoint acceptedAt = f.tryOpen()->messages.at(0).message->acceptedAt;
        QVERIFY(acceptedAt <= Clock::now());
    }

    void theyAreSavedInThePlaceOfThoseBefore()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            (void)insert(*store, makeRecord("anna", 1));
            (void)save(*store, {{Generation(1), message("old", {{"a", "b"}}), false}});
            QCOMPARE(answerOf(save(*store, {{Generation(1), message("new"), false}})), StoreStatus::Ok);
        }
        const auto stored = f.tryOpen();
        QCOMPARE(shown(stored->messages), QByteArray("1:new"));
        QVERIFY(stored->messages[0].message->headers.empty());
    }

    void thoseOfASessionThatIsGoneAreForgotten()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            const SessionRecord anna = makeRecord("anna", 1);
            (void)insert(*store, anna);
            (void)insert(*store, makeRecord("carl", 2));
            store->remove(anna.key, anna.generation, [](StoreStatus) {});
            QCOMPARE(
                answerOf(save(*store,
                              {{Generation(1), message("x"), false}, {Generation(2), message("y"), false}})),
                StoreStatus::Ok);
        }
        QCOMPARE(shown(f.tryOpen()->messages), QByteArray("2:y"));
        QCOMPARE(f.run({QStringLiteral("SELECT count(*) FROM messages")}), QStringLiteral("0"));
    }

    void aFullLineOfOperationsDoesNotRefuseThem()
    {
        const SqliteFixture f;
        const auto store = f.open({.queue = 1});
        std::vector<Told> told;
        for (unsigned i = 1; i <= 100; ++i)
            told.push_back(insert(*store, makeRecord("user" + QByteArray::number(i), i)));
        QCOMPARE(answerOf(save(*store, {{Generation(1), message("m"), false}})), StoreStatus::Ok);
        QVERIFY(store->health().refused > 0);
    }

    void theirTextDoesNotStayBehind()
    {
        const QByteArray secret = "what nobody else should read";
        const SqliteFixture f;
        {
            const auto store = f.open();
            (void)insert(*store, makeRecord("anna", 1));
            auto made = message("m");
            made->body = secret;
            QCOMPARE(answerOf(save(*store, {{Generation(1), made, false}})), StoreStatus::Ok);
        }
        QVERIFY(SqliteFixture::read(f.path()).contains(secret));
        QCOMPARE(f.tryOpen()->messages.size(), std::size_t(1));
        QVERIFY(!SqliteFixture::read(f.path()).contains(secret));
    }
};

QTEST_GUILESS_MAIN(TestSqliteMessages)
#include "tst_sqlitemessages.moc"
