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
    made->to = user("anna");
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

/// A queue whose key is @p name, and everybody's that has this record.
ListeningKey key(const char *name)
{
    return ListeningKey::fromPresented(name);
}

StoredMessage stored(const char *queue, MessagePtr message, bool redelivered = false)
{
    StoredMessage made;
    made.queue = key(queue);
    made.redelivered = redelivered;
    made.message = std::move(message);
    return made;
}

StoredMessage at(std::uint64_t position, StoredMessage made)
{
    made.position = position;
    return made;
}

Told change(SessionStore &store, MessageChanges changes)
{
    auto told = std::make_shared<std::optional<StoreStatus>>();
    store.changeMessages(std::move(changes), [told](StoreStatus status) { *told = status; });
    return told;
}

/// "position:id" of each, "!" behind those that were delivered before, "-" behind those without content, "h"
/// behind those that are held.
QByteArray shown(const std::vector<StoredMessage> &messages)
{
    QByteArrayList list;
    for (const StoredMessage &message : messages)
        list.append(QByteArray::number(qulonglong(message.position)) + ':' + message.message->id
                    + (message.redelivered ? "!" : "") + (message.hasContent ? "" : "-")
                    + (message.isHeld ? "h" : ""));
    return list.join(' ');
}

} // namespace

/// Messages in the file of the sessions: while they wait, and from one program to the next.
class TestSqliteMessages : public QObject
{
    Q_OBJECT

private slots:
    void theyComeBackInTheirOrderUntilTheyHaveEnded()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            QVERIFY(store->isLasting());
            (void)insert(*store, makeRecord("anna", 7, key("a")));
            (void)insert(*store, makeRecord("carl", 3, key("c")));
            QCOMPARE(answerOf(save(*store,
                                   {stored("a", message("z"), true), stored("c", message("y")),
                                    stored("a", message("x"))})),
                     StoreStatus::Ok);
        }
        const auto found = f.tryOpen();
        QVERIFY2(found.has_value(), qPrintable(found ? QString() : found.error()));
        QCOMPARE(shown(found->messages), QByteArray("1:z! 2:y 3:x"));
        QVERIFY(found->messages[0].queue == key("a") && found->messages[1].queue == key("c"));
        QCOMPARE(shown(f.tryOpen()->messages), QByteArray("1:z! 2:y 3:x"));
        QCOMPARE(answerOf(change(*f.open(), {.added = {}, .written = {3, 99}, .ended = {1, 98}})),
                 StoreStatus::Ok);
        QCOMPARE(shown(f.tryOpen()->messages), QByteArray("2:y 3:x!"));
        QCOMPARE(f.tryOpen()->records.size(), std::size_t(2));
    }

    void theyAreAddedAndRemovedWhileTheStoreIsInUse()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            (void)insert(*store, makeRecord("anna", 1, key("a")));
            (void)change(*store,
                         {.added = {at(5, stored("a", message("m", {{"h", "1"}}))),
                                    at(9, stored("a", message("n", {{"h", "2"}})))},
                          .written = {},
                          .ended = {}});
            QCOMPARE(answerOf(change(
                         *store,
                         {.added = {at(12, stored("a", message("o"))), at(13, stored("a", message("p")))},
                          .written = {9, 12},
                          .ended = {5, 13}})),
                     StoreStatus::Ok);
        }
        const auto found = f.tryOpen();
        QCOMPARE(shown(found->messages), QByteArray("9:n! 12:o!"));
        QVERIFY(found->messages[0].message->headers == (HeaderList{{"h", "2"}}));
        QCOMPARE(f.run({QStringLiteral("SELECT count(*) FROM message_headers")}), QStringLiteral("1"));
    }

    void withASessionGoTheMessagesOfItsQueue()
    {
        const QByteArray secret = "nobody else's business";
        const SqliteFixture f;
        const SessionRecord anna = makeRecord("anna", 1, key("a"));
        {
            const auto store = f.open();
            (void)insert(*store, anna);
            (void)insert(*store, makeRecord("carl", 2, key("c")));
            auto told = message("told", {{"x", secret}});
            told->body = secret;
            StoredMessage wished = stored("a", told);
            wished.origin = {key("c"), "name", {true, false, true}};
            StoredMessage unwished = stored("a", message("unwished"));
            unwished.origin = {key("c"), "other", {true, true, false}};
            QCOMPARE(answerOf(change(*store,
                                     {.added = {at(1, stored("a", message("plain"))), at(2, wished),
                                                at(3, unwished), at(4, stored("c", message("carl's")))},
                                      .written = {},
                                      .ended = {}})),
                     StoreStatus::Ok);
            auto removed = std::make_shared<std::optional<StoreStatus>>();
            store->remove(anna.key, anna.generation, [removed](StoreStatus status) { *removed = status; });
            QCOMPARE(answerOf(removed), StoreStatus::Ok);
        }
        const auto found = f.tryOpen();
        // Of what the sender wants to be told it is known who, and nothing else.
        QCOMPARE(shown(found->messages), QByteArray("2:told- 4:carl's"));
        QVERIFY(found->messages[0].message->headers.empty() && found->messages[0].message->body.isEmpty());
        QVERIFY(found->messages[0].origin.sender == key("c"));
        QCOMPARE(found->messages[0].origin.exchangeId, QByteArray("name"));
        QCOMPARE(found->messages[0].message->to, user("anna"));
        QVERIFY(!SqliteFixture::read(f.path()).contains(secret));
    }

    void whatIsHeldComesUnderAFreshKey()
    {
        const SqliteFixture f;
        StoredMessage one = stored("place", message("1"));
        one.isHeld = true;
        StoredMessage two = one;
        two.message = message("2");
        {
            const auto store = f.open();
            QCOMPARE(
                answerOf(change(*store, {.added = {at(1, one), at(2, two)}, .written = {}, .ended = {}})),
                StoreStatus::Ok);
        }
        ListeningKey fresh;
        {
            const auto found = f.tryOpen();
            QCOMPARE(shown(found->messages), QByteArray("1:1h 2:2h"));
            fresh = found->messages[0].queue;
            QVERIFY(!fresh.secret().isEmpty() && fresh != key("place"));
            QVERIFY(found->messages[1].queue == fresh);
        }
        {
            // Its user has come, and the place is a session's queue.
            const auto store = f.open();
            const QString digest = f.run({QStringLiteral("SELECT hex(queue) FROM messages")}).left(64);
            ListeningKey::Digest bytes;
            const QByteArray raw = QByteArray::fromHex(digest.toLatin1());
            std::copy(raw.begin(), raw.end(), bytes.begin());
            (void)answerOf(insert(*store, makeRecord("anna", 1, ListeningKey::fromDigest(bytes))));
        }
        const auto found = f.tryOpen();
        QCOMPARE(shown(found->messages), QByteArray("1:1 2:2"));
        QVERIFY(found->messages[0].queue == found->records[0].key);
    }

    void whatCannotBeReadIsRemoved()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            (void)insert(*store, makeRecord("anna", 1, key("a")));
            QCOMPARE(answerOf(save(*store, {stored("a", message("m")), stored("a", message("n"))})),
                     StoreStatus::Ok);
        }
        f.run({QStringLiteral("UPDATE messages SET sender = x'00' WHERE position = 1")});
        QCOMPARE(shown(f.tryOpen()->messages), QByteArray("2:n"));
        QCOMPARE(f.run({QStringLiteral("SELECT count(*) FROM messages")}), QStringLiteral("1"));
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
            (void)insert(*store, makeRecord("anna", 1, key("a")));
            StoredMessage whole = stored("a", original, true);
            whole.origin = {key("b"), "my name for it", {true, true, true}};
            StoredMessage fate = stored("a", message("fate", {{"x", "y"}}));
            fate.hasContent = false;
            QCOMPARE(answerOf(save(*store, {whole, stored("a", plain), fate})), StoreStatus::Ok);
        }
        const auto found = f.tryOpen();
        QCOMPARE(shown(found->messages), QByteArray("1:id! 2: 3:fate-"));
        QVERIFY(found->messages[0].origin.sender == key("b"));
        QCOMPARE(found->messages[0].origin.exchangeId, QByteArray("my name for it"));
        // That it was written has been told.
        QVERIFY(found->messages[0].origin.wishes == (NoticeWishes{false, true, true}));
        QVERIFY(found->messages[1].origin.sender.isNull() && found->messages[1].origin.exchangeId.isNull());
        QVERIFY(!found->messages[1].origin.wishes.any());
        QVERIFY(found->messages[2].message->body.isEmpty() && found->messages[2].message->headers.empty());
        const Message &back = *found->messages[0].message;
        QCOMPARE(back.id, original->id);
        QCOMPARE(back.from, original->from);
        QCOMPARE(back.to, user("anna"));
        QCOMPARE(back.body, original->body);
        QVERIFY(back.headers == original->headers);
        QCOMPARE(QByteArray(back.via), QByteArray("stomp"));
        const auto age = Clock::now() - back.acceptedAt;
        QVERIFY(age > seconds(89) && age < seconds(300));
        QVERIFY(found->messages[1].message->headers.empty());
        QVERIFY(found->messages[1].message->body.isEmpty());
        QCOMPARE(QByteArray(found->messages[1].message->via), QByteArray("http"));
    }

    void aWallClockThatWasSetBackMakesNoMessageOfTheFuture()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            (void)insert(*store, makeRecord("anna", 1, key("a")));
            QCOMPARE(answerOf(save(*store, {stored("a", message("m"))})), StoreStatus::Ok);
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
            (void)insert(*store, makeRecord("anna", 1, key("a")));
            (void)save(*store, {stored("a", message("old", {{"a", "b"}}))});
            QCOMPARE(answerOf(save(*store, {stored("a", message("new"))})), StoreStatus::Ok);
        }
        const auto found = f.tryOpen();
        QCOMPARE(shown(found->messages), QByteArray("1:new"));
        QVERIFY(found->messages[0].message->headers.empty());
    }

    void aFullLineOfOperationsDoesNotRefuseThem()
    {
        const SqliteFixture f;
        const auto store = f.open({.queue = 1});
        std::vector<Told> told;
        for (unsigned i = 1; i <= 100; ++i)
            told.push_back(insert(*store, makeRecord("user" + QByteArray::number(i), i)));
        QCOMPARE(answerOf(save(*store, {stored("a", message("m"))})), StoreStatus::Ok);
        const auto changed
            = change(*store, {.added = {at(7, stored("a", message("n")))}, .written = {}, .ended = {}});
        QCOMPARE(answerOf(changed), StoreStatus::Ok);
        QVERIFY(store->health().refused > 0);
    }

    void theirTextDoesNotStayBehind()
    {
        const QByteArray secret = "what nobody else should read";
        const SqliteFixture f;
        {
            const auto store = f.open();
            (void)insert(*store, makeRecord("anna", 1, key("a")));
            auto made = message("m");
            made->body = secret;
            QCOMPARE(answerOf(save(*store, {stored("a", made)})), StoreStatus::Ok);
        }
        QVERIFY(SqliteFixture::read(f.path()).contains(secret));
        QCOMPARE(answerOf(change(*f.open(), {.added = {}, .written = {}, .ended = {1}})), StoreStatus::Ok);
        QVERIFY(!SqliteFixture::read(f.path()).contains(secret));
    }
};

QTEST_GUILESS_MAIN(TestSqliteMessages)
#include "tst_sqlitemessages.moc"
