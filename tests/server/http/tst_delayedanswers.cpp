// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/delayedanswers.h"

#include <QStringList>
#include <QTest>

using namespace msgsrv;

class DelayedAnswersTest : public QObject
{
    Q_OBJECT

private:
    const TimePoint m_now{seconds(1000)};

private slots:
    void theyAreGivenWhenTheyAreDueInOrder()
    {
        DelayedAnswers answers;
        QStringList given;
        const auto add = [&](milliseconds due, const char *name) {
            QVERIFY(answers.add(m_now + due, [&given, name] { given += QString::fromLatin1(name); }));
        };
        add(milliseconds(20), "second");
        add(milliseconds(10), "first");
        add(milliseconds(20), "third");
        answers.sweep(m_now + milliseconds(9));
        QVERIFY(given.isEmpty());
        answers.sweep(m_now + milliseconds(10));
        QCOMPARE(given, QStringList{QStringLiteral("first")});
        answers.sweep(m_now + milliseconds(100));
        QCOMPARE(given.join(u' '), QStringLiteral("first second third"));
        QCOMPARE(answers.size(), std::size_t(0));
    }

    void thereIsAnEndToThem()
    {
        DelayedAnswers answers;
        int given = 0;
        for (std::size_t i = 0; i < DelayedAnswers::most; ++i)
            QVERIFY(answers.add(m_now, [&] { ++given; }));
        QVERIFY(!answers.add(m_now, [&] { ++given; }));
        answers.sweep(m_now);
        QCOMPARE(given, int(DelayedAnswers::most));
        QVERIFY(answers.add(m_now, [] {}));
    }

    void anAnswerMayLeadToAnother()
    {
        DelayedAnswers answers;
        int given = 0;
        QVERIFY(answers.add(m_now, [&] {
            ++given;
            QVERIFY(answers.add(m_now + seconds(1), [&] { ++given; }));
        }));
        answers.sweep(m_now);
        QCOMPARE(given, 1);
        answers.sweep(m_now + seconds(1));
        QCOMPARE(given, 2);
    }

    void nothingWaitsAfterTheyAreShut()
    {
        DelayedAnswers answers;
        int given = 0;
        bool taken = true;
        QVERIFY(answers.add(m_now + seconds(1), [&] {
            ++given;
            taken = answers.add(m_now, [&] { ++given; }); // the next request of the same connection
        }));
        answers.shut();
        QCOMPARE(given, 1);
        QVERIFY(!taken);
        QVERIFY(!answers.add(m_now, [] {}));
        QCOMPARE(answers.size(), std::size_t(0));
    }

    void whatWaitsAtTheEndIsNotGiven()
    {
        bool given = false;
        {
            DelayedAnswers answers;
            QVERIFY(answers.add(m_now, [&] { given = true; }));
        }
        QVERIFY(!given);
    }
};

QTEST_APPLESS_MAIN(DelayedAnswersTest)
#include "tst_delayedanswers.moc"
