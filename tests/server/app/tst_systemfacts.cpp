// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/systemfacts.h"

#include <QTest>

#include <limits>
#include <sys/resource.h>

using namespace msgsrv;

class TestSystemFacts : public QObject
{
    Q_OBJECT

private slots:
    void theOpenFileLimitIsRaisedToTheHardOne()
    {
        rlimit limit{};
        QCOMPARE(::getrlimit(RLIMIT_NOFILE, &limit), 0);
        const rlimit before = limit;
        limit.rlim_cur = std::min<rlim_t>(64, limit.rlim_max - 1);
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &limit), 0);
        QCOMPARE(openFileLimit(), std::uint64_t(limit.rlim_cur));
        QCOMPARE(SystemFacts::ofProcess().openFiles, std::uint64_t(before.rlim_max));
        raiseOpenFileLimit();
        QCOMPARE(openFileLimit(), std::uint64_t(before.rlim_max));
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &before), 0);
    }

    void someDescriptorsAreLeftToTheInternalListener_data()
    {
        QTest::addColumn<quint64>("openFiles");
        QTest::addColumn<int>("listeners");
        QTest::addColumn<int>("ceiling");
        QTest::newRow("many") << quint64(20'000) << 4 << 20'000 - 68;
        QTest::newRow("many listeners") << quint64(20'000) << 512 << 20'000 - 576;
        QTest::newRow("few") << quint64(128) << 4 << 96;
        QTest::newRow("hardly any") << quint64(4) << 4 << 3;
        QTest::newRow("unlimited") << quint64(RLIM_INFINITY) << 4 << std::numeric_limits<int>::max();
    }

    void someDescriptorsAreLeftToTheInternalListener()
    {
        QFETCH(const quint64, openFiles);
        QFETCH(const int, listeners);
        QFETCH(const int, ceiling);
        QCOMPARE(descriptorCeilingFor(openFiles, listeners), ceiling);
    }

    void theDefaultOfConnectionsIsReachedBeforeTheCeiling()
    {
        for (const std::uint64_t openFiles : {256, 257, 1024, 20'000, 1'000'000})
            QVERIFY(connectionsFor(openFiles) < descriptorCeilingFor(openFiles, 16));
    }
};

QTEST_APPLESS_MAIN(TestSystemFacts)
#include "tst_systemfacts.moc"
