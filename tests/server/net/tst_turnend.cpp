// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/turnend.h"

#include <QTest>

#include <functional>
#include <memory>

using namespace msgsrv;

namespace {

struct Job final : TurnEnd::Task
{
    explicit Job(std::function<void()> run)
        : job(std::move(run))
    { }
    void atTurnEnd() override { job(); }
    std::function<void()> job;
};

} // namespace

class TurnEndTest : public QObject
{
    Q_OBJECT

private slots:
    void aTaskRunsOnceBehindWhatIsPostedAlready()
    {
        QByteArray log;
        TurnEnd turnEnd;
        Job job([&] { log += "flush "; });
        QMetaObject::invokeMethod(
            this, [&] { log += "posted "; }, Qt::QueuedConnection);
        turnEnd.add(job);
        turnEnd.add(job);
        QCOMPARE(log, QByteArray());
        QCoreApplication::processEvents();
        QCOMPARE(log, QByteArray("posted flush "));
        turnEnd.add(job);
        QCoreApplication::processEvents();
        QCOMPARE(log, QByteArray("posted flush flush "));
    }

    void whatATaskAddsRunsLater()
    {
        TurnEnd turnEnd;
        int runs = 0;
        std::unique_ptr<Job> job;
        job = std::make_unique<Job>([&] {
            if (++runs < 3)
                turnEnd.add(*job);
        });
        turnEnd.add(*job);
        QTRY_COMPARE(runs, 3);
    }

    void aDestroyedTaskDoesNotRun()
    {
        TurnEnd turnEnd;
        int runs = 0;
        auto doomed = std::make_unique<Job>([&] { QFAIL("it is gone"); });
        Job first([&] {
            ++runs;
            doomed.reset(); // stands behind this one
        });
        Job last([&] { ++runs; });
        turnEnd.add(first);
        turnEnd.add(*doomed);
        turnEnd.add(last);
        QCoreApplication::processEvents();
        QCOMPARE(runs, 2);
    }

    void theListMayGoFirst()
    {
        Job job([] { QFAIL("nobody runs it"); });
        {
            TurnEnd turnEnd;
            turnEnd.add(job);
        }
        QCoreApplication::processEvents();
        TurnEnd another;
        int runs = 0;
        job.job = [&] { ++runs; };
        another.add(job);
        QCoreApplication::processEvents();
        QCOMPARE(runs, 1);
    }
};

QTEST_GUILESS_MAIN(TurnEndTest)
#include "tst_turnend.moc"
