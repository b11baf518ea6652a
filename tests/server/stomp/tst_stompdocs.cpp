// SPDX-License-Identifier: GPL-3.0-or-later
//
// Plays the examples of docs/stomp.md, so that they stay true.
#include "stompfixture.h"

#include <QFile>
#include <QRegularExpression>
#include <QTest>

using namespace msgsrv;

namespace {

struct Step
{
    bool fromClient = false;
    QByteArray frame; ///< "^@" for NUL
};

/// The blocks that are marked as stomp, each as its steps.
std::vector<std::vector<Step>> examples(const QByteArray &document)
{
    std::vector<std::vector<Step>> result;
    bool inside = false;
    for (const QByteArray &line : document.split('\n')) {
        if (line == "```stomp") {
            inside = true;
            result.emplace_back();
        } else if (line == "```") {
            inside = false;
        } else if (inside && (line == ">>>" || line == "<<<")) {
            result.back().push_back({line == ">>>", {}});
        } else if (inside && !result.back().empty()) {
            result.back().back().frame += line + '\n';
        }
    }
    for (auto &steps : result) {
        for (Step &step : steps)
            step.frame.chop(1);
    }
    return result;
}

/// What differs from run to run, made the same.
QByteArray normal(const QByteArray &frame)
{
    QString text = QString::fromUtf8(frame);
    text.replace(QRegularExpression(QStringLiteral("\nmessage-id:[0-9a-z]{8}-[0-9a-z]+\n")),
                 QStringLiteral("\nmessage-id:ID\n"));
    text.replace(QRegularExpression(QStringLiteral("\"timestamp\":[0-9]{13}\\}")),
                 QStringLiteral("\"timestamp\":NOW}"));
    text.replace(QRegularExpression(QStringLiteral("\nserver:messaging-server/[0-9.]+\n")),
                 QStringLiteral("\nserver:S\n"));
    return text.toUtf8();
}

} // namespace

class TestStompDocs : public QObject
{
    Q_OBJECT

private slots:
    void theExamplesAreTrue_data();
    void theExamplesAreTrue();
    void everyCloseCodeIsInTheTable_data();
    void everyCloseCodeIsInTheTable();

private:
    static QByteArray document()
    {
        QFile file(QStringLiteral(QT_TESTCASE_SOURCEDIR "/../docs/stomp.md"));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
};

void TestStompDocs::theExamplesAreTrue_data()
{
    QTest::addColumn<int>("index");
    const auto count = int(examples(document()).size());
    for (int i = 0; i < std::max(count, 3); ++i) // a document without examples fails
        QTest::newRow(qPrintable(QString::number(i + 1))) << i;
}

void TestStompDocs::theExamplesAreTrue()
{
    QFETCH(const int, index);
    QByteArray text = document();
    text.replace("queue.2vTDWnMj0sqvn9Qb3PsdUA", "queue.alice");
    StompFixture f([](StompSettings &s) { s.heartBeat.canSend = s.heartBeat.wants = seconds(1); });
    const auto all = examples(text);
    QVERIFY(index < int(all.size()));
    for (const Step &step : all[std::size_t(index)]) {
        if (step.fromClient) {
            QVERIFY2(f.connection.sent.isEmpty(), f.connection.sent.value(0).constData());
            f.receive(step.frame);
            for (MessagePtr &message : f.broker.published)
                f.broker.waiting.push_back(std::move(message));
            f.broker.published.clear();
            f.stomp->onMessagesReady(f.sessions.session.key);
        } else {
            QVERIFY(!f.connection.sent.isEmpty());
            QCOMPARE(normal(f.connection.sent.takeFirst()), normal(step.frame));
        }
    }
    QVERIFY(f.connection.sent.isEmpty());
}

void TestStompDocs::everyCloseCodeIsInTheTable_data()
{
    QTest::addColumn<int>("code");
    for (const int code :
         {1000, 1001, 1002, 1007, 1008, 1009, 1011, 1013, 4001, 4002, 4003, 4004, 4005, 4006})
        QTest::newRow(qPrintable(QString::number(code))) << code;
}

void TestStompDocs::everyCloseCodeIsInTheTable()
{
    QFETCH(const int, code);
    QCOMPARE(document().count("\n| " + QByteArray::number(code) + " |"), 1);
}

QTEST_APPLESS_MAIN(TestStompDocs)
#include "tst_stompdocs.moc"
