// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/directory.h"

#include <QTest>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace msgsrv;

namespace {

SessionDirectory::Entry entry(const std::string &name, std::uint64_t generation)
{
    return {UserId::parse(name).value(), ListeningKey::generate(), Generation(generation)};
}

} // namespace

class TestDirectory : public QObject
{
    Q_OBJECT

private slots:
    void aSessionIsFoundByItsKeyAndItsUser()
    {
        SessionDirectory directory;
        const auto alice = entry("alice", 1);
        directory.add(alice);
        QCOMPARE(directory.findKey(alice.key)->userId, alice.userId);
        QCOMPARE(directory.findUser(alice.userId)->key, alice.key);
        QCOMPARE(directory.findUser(alice.userId)->generation, Generation(1));
        QVERIFY(!directory.findKey(ListeningKey::generate()));
        QVERIFY(!directory.findKey({}));
        QVERIFY(!directory.findUser(UserId::parse("Alice").value()));
        QVERIFY(!directory.findUser({}));
    }

    void aRemovedSessionIsNotFound()
    {
        SessionDirectory directory;
        const auto alice = entry("alice", 1);
        const auto bob = entry("bob", 2);
        directory.add(alice);
        directory.add(bob);
        directory.remove(alice.key, alice.generation);
        directory.remove(alice.key, alice.generation);
        QVERIFY(!directory.findKey(alice.key));
        QVERIFY(!directory.findUser(alice.userId));
        QVERIFY(directory.findUser(bob.userId));
    }

    void anotherGenerationRemovesNothing()
    {
        SessionDirectory directory;
        const auto alice = entry("alice", 7);
        directory.add(alice);
        directory.remove(alice.key, Generation(6));
        directory.remove(alice.key, Generation(8));
        QVERIFY(directory.findKey(alice.key));
        QVERIFY(directory.findUser(alice.userId));
    }

    void aLateRemovalOfAnOldSessionLeavesTheUsersNewOne()
    {
        SessionDirectory directory;
        const auto older = entry("alice", 1);
        const auto newer = entry("alice", 2);
        directory.add(older);
        directory.add(newer);
        directory.remove(older.key, older.generation);
        QVERIFY(!directory.findKey(older.key));
        QCOMPARE(directory.findUser(newer.userId)->key, newer.key);
        QVERIFY(directory.findKey(newer.key));
    }

    void readersSeeWholeEntriesWhileSessionsComeAndGo()
    {
        SessionDirectory directory;
        std::vector<SessionDirectory::Entry> entries;
        for (std::uint64_t i = 0; i < 200; ++i)
            entries.push_back(entry("user " + std::to_string(i), i + 1));
        std::atomic<bool> stop{false};
        std::atomic<std::uint64_t> found{0};
        std::atomic<std::uint64_t> wrong{0};
        std::vector<std::thread> readers;
        for (int r = 0; r < 3; ++r) {
            readers.emplace_back([&] {
                while (!stop) {
                    for (const auto &expected : entries) {
                        if (const auto byUser = directory.findUser(expected.userId)) {
                            ++found;
                            wrong += byUser->key == expected.key ? 0 : 1;
                        }
                        if (const auto byKey = directory.findKey(expected.key))
                            wrong += byKey->userId == expected.userId ? 0 : 1;
                    }
                }
            });
        }
        for (int round = 0; round < 50 || found == 0; ++round) {
            for (const auto &each : entries)
                directory.add(each);
            for (const auto &each : entries)
                directory.remove(each.key, each.generation);
        }
        stop = true;
        for (std::thread &reader : readers)
            reader.join();
        QCOMPARE(wrong.load(), std::uint64_t(0));
        QVERIFY(found > 0);
        for (const auto &each : entries)
            QVERIFY(!directory.findUser(each.userId));
    }
};

QTEST_APPLESS_MAIN(TestDirectory)
#include "tst_directory.moc"
