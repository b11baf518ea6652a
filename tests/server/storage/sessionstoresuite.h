// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sessionstore.h"

#include <QTest>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

namespace msgsrv {

/// What every session store must do. A store's test program derives from it, makes an empty store in
/// create(), and includes "moc_sessionstoresuite.cpp":
///
///     class TestMyStore : public SessionStoreSuite
///     {
///         Q_OBJECT
///         std::unique_ptr<SessionStore> create() override { return std::make_unique<MyStore>(); }
///     };
class SessionStoreSuite : public QObject
{
    Q_OBJECT

protected:
    /// A store in the calling thread, without any record.
    virtual std::unique_ptr<SessionStore> create() = 0;

private slots:
    void init() { m_store = create(); }
    void cleanup() { m_store.reset(); }

    void aNewStoreIsEmpty() { QVERIFY(records().empty()); }

    void whatWasInsertedIsLoadedAsItWas()
    {
        SessionRecord record = makeRecord("anna", "queue.a", 7);
        record.acked = true;
        QCOMPARE(insert(record), StoreStatus::Ok);
        QCOMPARE(insert(makeRecord("bert", "queue.b", 8)), StoreStatus::Ok);
        const auto all = records();
        QCOMPARE(all.size(), std::size_t(2));
        verifySame(find(all, "queue.a"), record);
        verifySame(find(all, "queue.b"), makeRecord("bert", "queue.b", 8));
    }

    void bytesOfAUserIdAreKeptAsTheyAre_data()
    {
        QTest::addColumn<QByteArray>("userId");
        QTest::newRow("quotes") << QByteArray("Robert'); DROP TABLE sessions;--");
        QTest::newRow("dots and slashes") << QByteArray("a.b/c\\d%20");
        QTest::newRow("another script") << QByteArray("\xe5\xb1\xb1\xe7\x94\xb0 \xf0\x9f\x90\xa7");
        QTest::newRow("longest") << QByteArray(UserId::maximumSize, 'x');
    }
    void bytesOfAUserIdAreKeptAsTheyAre()
    {
        QFETCH(QByteArray, userId);
        QCOMPARE(insert(makeRecord(userId.constData(), "queue.a", 1)), StoreStatus::Ok);
        QCOMPARE(records().at(0).userId.bytes(), userId);
    }

    void aTakenUserIdOrKeyIsAConflict_data()
    {
        QTest::addColumn<QByteArray>("userId");
        QTest::addColumn<QByteArray>("key");
        QTest::addColumn<StoreStatus>("status");
        QTest::newRow("user id taken")
            << QByteArray("anna") << QByteArray("queue.b") << StoreStatus::Conflict;
        QTest::newRow("key taken") << QByteArray("bert") << QByteArray("queue.a") << StoreStatus::Conflict;
        QTest::newRow("both taken") << QByteArray("anna") << QByteArray("queue.a") << StoreStatus::Conflict;
        QTest::newRow("another case is another user")
            << QByteArray("Anna") << QByteArray("queue.b") << StoreStatus::Ok;
        QTest::newRow("another case is another key")
            << QByteArray("bert") << QByteArray("queue.A") << StoreStatus::Ok;
    }
    void aTakenUserIdOrKeyIsAConflict()
    {
        QFETCH(QByteArray, userId);
        QFETCH(QByteArray, key);
        QFETCH(StoreStatus, status);
        const SessionRecord first = makeRecord("anna", "queue.a", 1);
        QCOMPARE(insert(first), StoreStatus::Ok);
        QCOMPARE(insert(makeRecord(userId.constData(), key.constData(), 2)), status);
        const auto all = records();
        QCOMPARE(all.size(), std::size_t(status == StoreStatus::Ok ? 2 : 1));
        verifySame(find(all, "queue.a"), first);
    }

    void updateReplacesTheRecordOfTheSameKeyAndGeneration()
    {
        QCOMPARE(insert(makeRecord("anna", "queue.a", 1)), StoreStatus::Ok);
        SessionRecord changed = makeRecord("anna", "queue.a", 1);
        changed.acked = true;
        changed.address = "wss://elsewhere.example/ws";
        QCOMPARE(update(changed), StoreStatus::Ok);
        QCOMPARE(records().size(), std::size_t(1));
        verifySame(find(records(), "queue.a"), changed);
    }

    void updateOfAnotherGenerationOrKeyFindsNothing()
    {
        const SessionRecord record = makeRecord("anna", "queue.a", 2);
        QCOMPARE(insert(record), StoreStatus::Ok);
        QCOMPARE(update(makeRecord("anna", "queue.a", 1)), StoreStatus::NotFound);
        QCOMPARE(update(makeRecord("anna", "queue.a", 3)), StoreStatus::NotFound);
        QCOMPARE(update(makeRecord("anna", "queue.b", 2)), StoreStatus::NotFound);
        QCOMPARE(records().size(), std::size_t(1));
        verifySame(find(records(), "queue.a"), record);
    }

    void updateToATakenUserIdIsAConflict()
    {
        const SessionRecord record = makeRecord("bert", "queue.b", 2);
        QCOMPARE(insert(makeRecord("anna", "queue.a", 1)), StoreStatus::Ok);
        QCOMPARE(insert(record), StoreStatus::Ok);
        QCOMPARE(update(makeRecord("anna", "queue.b", 2)), StoreStatus::Conflict);
        verifySame(find(records(), "queue.b"), record);
    }

    void updateOfTheUserIdFreesTheOldOne()
    {
        QCOMPARE(insert(makeRecord("anna", "queue.a", 1)), StoreStatus::Ok);
        QCOMPARE(update(makeRecord("bert", "queue.a", 1)), StoreStatus::Ok);
        QCOMPARE(insert(makeRecord("bert", "queue.b", 2)), StoreStatus::Conflict);
        QCOMPARE(insert(makeRecord("anna", "queue.b", 2)), StoreStatus::Ok);
    }

    void removeNeedsTheSameGeneration()
    {
        QCOMPARE(insert(makeRecord("anna", "queue.a", 2)), StoreStatus::Ok);
        QCOMPARE(remove("queue.a", 1), StoreStatus::NotFound);
        QCOMPARE(remove("queue.a", 3), StoreStatus::NotFound);
        QCOMPARE(remove("queue.b", 2), StoreStatus::NotFound);
        QCOMPARE(records().size(), std::size_t(1));
        QCOMPARE(remove("queue.a", 2), StoreStatus::Ok);
        QVERIFY(records().empty());
        QCOMPARE(remove("queue.a", 2), StoreStatus::NotFound);
    }

    void aRemovedUserIdAndKeyAreFreeAgain()
    {
        QCOMPARE(insert(makeRecord("anna", "queue.a", 1)), StoreStatus::Ok);
        QCOMPARE(remove("queue.a", 1), StoreStatus::Ok);
        QCOMPARE(insert(makeRecord("anna", "queue.a", 2)), StoreStatus::Ok);
        QCOMPARE(records().at(0).generation, Generation(2));
    }

    void doneComesOnceAndNotBeforeTheCallHasReturned()
    {
        int calls = 0;
        const SessionRecord record = makeRecord("anna", "queue.a", 1);
        m_store->insert(record, [&](StoreStatus) { ++calls; });
        QCOMPARE(calls, 0);
        m_store->update(record, [&](StoreStatus) { ++calls; });
        QVERIFY(calls <= 1);
        m_store->remove(record.key, record.generation, [&](StoreStatus) { ++calls; });
        m_store->load([&](StoreStatus, const std::vector<SessionRecord> &) { ++calls; });
        QTRY_COMPARE(calls, 4);
        QVERIFY(records().empty()); // one more turn: nothing comes twice
        QCOMPARE(calls, 4);
    }

    void callsAreCarriedOutInOrder()
    {
        std::vector<StoreStatus> told;
        const auto tell = [&](StoreStatus status) { told.push_back(status); };
        const SessionRecord record = makeRecord("anna", "queue.a", 1);
        m_store->insert(record, tell);
        m_store->insert(record, tell);
        m_store->remove(record.key, record.generation, tell);
        m_store->insert(record, tell);
        QTRY_COMPARE(told.size(), std::size_t(4));
        QCOMPARE(told,
                 (std::vector{StoreStatus::Ok, StoreStatus::Conflict, StoreStatus::Ok, StoreStatus::Ok}));
    }

    void doneIsCalledInTheThreadOfTheStore()
    {
        std::optional<std::thread::id> where;
        m_store->insert(makeRecord("anna", "queue.a", 1),
                        [&](StoreStatus) { where = std::this_thread::get_id(); });
        QTRY_VERIFY(where.has_value());
        QCOMPARE(*where, std::this_thread::get_id());
    }

    void savingMessagesIsAnsweredAsTheStoreLasts()
    {
        QCOMPARE(insert(makeRecord("anna", "queue.a", 1)), StoreStatus::Ok);
        auto message = std::make_shared<Message>();
        message->id = "m";
        message->from = message->to = UserId::parse("bert").value();
        StoredMessage stored;
        stored.position = 7;
        stored.queue = ListeningKey::fromPresented("queue.a");
        stored.message = message;
        const StoreStatus expected = m_store->isLasting() ? StoreStatus::Ok : StoreStatus::Unavailable;
        QCOMPARE(wait([&](SessionStore::Done done) { m_store->saveMessages({stored}, std::move(done)); }),
                 expected);
        QCOMPARE(wait([&](SessionStore::Done done) {
                     m_store->changeMessages({.added = {stored}, .written = {}, .ended = {1}},
                                             std::move(done));
                 }),
                 expected);
    }

    void aStoreMayGoWhileCallsArePending()
    {
        for (int i = 0; i < 10; ++i) {
            const QByteArray name = QByteArray::number(i);
            m_store->insert(makeRecord(name.constData(), ("queue." + name).constData(), 1),
                            [](StoreStatus) {});
        }
        m_store.reset();
        QCoreApplication::processEvents();
    }

private:
    static SessionRecord makeRecord(const char *userId, const char *key, unsigned generation)
    {
        SessionRecord record;
        record.userId = UserId::parse(userId).value();
        record.key = ListeningKey::fromPresented(key);
        record.generation = Generation(generation);
        record.address = "ws://127.0.0.1:15674/ws";
        record.createdAtMs = 1'700'000'000'123;
        return record;
    }

    static SessionRecord find(const std::vector<SessionRecord> &all, const char *key)
    {
        const auto it = std::find_if(all.begin(), all.end(), [&](const SessionRecord &record) {
            return record.key == ListeningKey::fromPresented(key);
        });
        return it == all.end() ? SessionRecord() : *it;
    }

    static void verifySame(const SessionRecord &actual, const SessionRecord &expected)
    {
        QCOMPARE(actual.userId, expected.userId);
        QVERIFY(actual.key == expected.key);
        QCOMPARE(actual.generation, expected.generation);
        QCOMPARE(actual.address, expected.address);
        QCOMPARE(actual.acked, expected.acked);
        QCOMPARE(actual.createdAtMs, expected.createdAtMs);
    }

    StoreStatus insert(const SessionRecord &record)
    {
        return wait([&](SessionStore::Done done) { m_store->insert(record, std::move(done)); });
    }
    StoreStatus update(const SessionRecord &record)
    {
        return wait([&](SessionStore::Done done) { m_store->update(record, std::move(done)); });
    }
    StoreStatus remove(const char *key, unsigned generation)
    {
        return wait([&](SessionStore::Done done) {
            m_store->remove(ListeningKey::fromPresented(key), Generation(generation), std::move(done));
        });
    }

    std::vector<SessionRecord> records()
    {
        std::vector<SessionRecord> found;
        const StoreStatus status = wait([&](SessionStore::Done done) {
            m_store->load([&found, done](StoreStatus loaded, std::vector<SessionRecord> all) {
                found = std::move(all);
                done(loaded);
            });
        });
        return status == StoreStatus::Ok ? found : std::vector<SessionRecord>();
    }

    template <typename Call>
    static StoreStatus wait(Call call)
    {
        auto told = std::make_shared<std::optional<StoreStatus>>();
        call([told](StoreStatus status) { *told = status; });
        return QTest::qWaitFor([&] { return told->has_value(); }) ? **told : StoreStatus::Unavailable;
    }

    std::unique_ptr<SessionStore> m_store;
};

} // namespace msgsrv
