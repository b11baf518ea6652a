// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/ladderexport.h"
#include "admin-gui/widgets/ladderlayout.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>
#include <QXmlStreamReader>

using namespace msgsrv::console;
using Kind = FlowMessage::Kind;
using Outcome = FlowMessage::Outcome;

namespace {

FlowMessage message(const char *from, const char *to, Kind kind, Outcome outcome = Outcome::Delivered)
{
    static quint64 seq = 0;
    FlowMessage one;
    one.seq = ++seq;
    one.ts = 1'700'000'000'000 + static_cast<qint64>(seq) * 10;
    one.from = QLatin1String(from);
    one.to = QLatin1String(to);
    one.kind = kind;
    one.outcome = outcome;
    one.payload = QStringLiteral("secret");
    return one;
}

LadderLayout laidOut(const std::vector<FlowMessage> &messages, LadderLayout::Options options = {})
{
    LadderLayout layout;
    layout.build(
        static_cast<int>(messages.size()),
        [&](int i) -> const FlowMessage & { return messages[static_cast<std::size_t>(i)]; }, options);
    return layout;
}

} // namespace

class TestLadderLayout : public QObject
{
    Q_OBJECT

private slots:
    void theServerStandsSecond();
    void runsOfCandidatesFold();
    void anAnswerEndsARun();
    void otherPeoplesMessagesDoNotEndARun();
    void anUnfoldedRunIsOpen();
    void theWorstOutcomeShows();
    void theNewestUsersHaveLifelines();
    void gapsHaveNoLifeline();
    void onlyWhatIsAcceptedIsShown();
    void findsTheRowOfAFoldedMessage();
    void paintsOnlyWhatIsSeen();
    void aHundredThousandMessagesAreRows();
    void svgIsXmlAndRedacted();
    void jsonIsRedactedUnlessAskedFor();
};

void TestLadderLayout::theServerStandsSecond()
{
    const LadderLayout layout = laidOut({message("alice", "bob", Kind::Offer)});
    QCOMPARE(layout.lifelines(),
             (QStringList{QStringLiteral("alice"), QStringLiteral("server"), QStringLiteral("bob")}));
    QCOMPARE(layout.serverLifeline(), 1);
    QCOMPARE(layout.rows().front().from, 0);
    QCOMPARE(layout.rows().front().to, 2);
    QCOMPARE(laidOut({}).lifelines().size(), 1);
}

void TestLadderLayout::runsOfCandidatesFold()
{
    const std::vector<FlowMessage> messages{
        message("a", "b", Kind::Offer), message("a", "b", Kind::Candidate),
        message("b", "a", Kind::Candidate), message("a", "b", Kind::Candidate),
        message("a", "b", Kind::Candidate)};
    const LadderLayout layout = laidOut(messages);
    QCOMPARE(layout.rows().size(), 3U);
    QCOMPARE(layout.rows()[1].count, 3);
    QCOMPARE(layout.rows()[2].count, 1);
    QCOMPARE(laidOut(messages, {.fold = false}).rows().size(), 5U);
    QCOMPARE(ladderLabel(messages[1], 3), QStringLiteral("candidate ×3"));
}

void TestLadderLayout::anAnswerEndsARun()
{
    const LadderLayout layout = laidOut({message("a", "b", Kind::Candidate), message("b", "a", Kind::Answer),
                                         message("a", "b", Kind::Candidate)});
    QCOMPARE(layout.rows().size(), 3U);
}

void TestLadderLayout::otherPeoplesMessagesDoNotEndARun()
{
    const LadderLayout layout = laidOut({message("a", "b", Kind::Candidate), message("c", "d", Kind::Offer),
                                         message("a", "b", Kind::Candidate)});
    QCOMPARE(layout.rows().size(), 2U);
}

void TestLadderLayout::anUnfoldedRunIsOpen()
{
    const std::vector<FlowMessage> messages{message("a", "b", Kind::Candidate),
                                            message("a", "b", Kind::Candidate),
                                            message("a", "b", Kind::Candidate)};
    LadderLayout::Options options;
    options.unfolded.insert(messages[0].seq);
    QCOMPARE(laidOut(messages, options).rows().size(), 3U);
}

void TestLadderLayout::theWorstOutcomeShows()
{
    const LadderLayout layout
        = laidOut({message("a", "b", Kind::Candidate), message("a", "b", Kind::Candidate, Outcome::Dropped),
                   message("a", "b", Kind::Candidate, Outcome::Waiting)});
    QCOMPARE(layout.rows().front().worst, Outcome::Dropped);
}

void TestLadderLayout::theNewestUsersHaveLifelines()
{
    std::vector<FlowMessage> messages;
    for (int i = 0; i < 50; ++i)
        messages.push_back(message(qPrintable(QStringLiteral("u%1").arg(i)), "hub", Kind::Text));
    const LadderLayout layout = laidOut(messages, {.mostLifelines = 6});
    QCOMPARE(layout.lifelines(),
             (QStringList{QStringLiteral("hub"), QStringLiteral("server"), QStringLiteral("u47"),
                          QStringLiteral("u48"), QStringLiteral("u49"), QStringLiteral("47 others")}));
    QCOMPARE(layout.gathered(), 47);
    QCOMPARE(layout.rows().front().from, 5);
    QCOMPARE(layout.rows().back().from, 4);
}

void TestLadderLayout::gapsHaveNoLifeline()
{
    const LadderLayout layout = laidOut({message("a", "b", Kind::Offer), message("", "", Kind::Gap)});
    QCOMPARE(layout.rows().back().from, -1);
    QCOMPARE(layout.lifelines().size(), 3);
}

void TestLadderLayout::onlyWhatIsAcceptedIsShown()
{
    LadderLayout::Options options;
    options.accept = [](const FlowMessage &one) { return one.kind == Kind::Answer; };
    const LadderLayout layout
        = laidOut({message("a", "b", Kind::Offer), message("b", "a", Kind::Answer)}, options);
    QCOMPARE(layout.rows().size(), 1U);
    QCOMPARE(layout.rowOfMessage(0), -1);
    QCOMPARE(layout.rowOfMessage(1), 0);
}

void TestLadderLayout::findsTheRowOfAFoldedMessage()
{
    const LadderLayout layout = laidOut({message("a", "b", Kind::Candidate), message("c", "d", Kind::Offer),
                                         message("a", "b", Kind::Candidate)});
    QCOMPARE(layout.rowOfMessage(2), 0);
    QCOMPARE(layout.rowOfMessage(1), 1);
}

void TestLadderLayout::paintsOnlyWhatIsSeen()
{
    const LadderMetrics metrics{.row = 20};
    QCOMPARE(metrics.visible(1000, 100, 100'000), std::pair(50, 55));
    QCOMPARE(metrics.visible(0, 100, 3), std::pair(0, 2));
    QVERIFY(metrics.visible(0, 100, 0).second < 0);
    QCOMPARE(metrics.rowAt(-1), -1);
    QCOMPARE(metrics.rowAt(59), 2);
}

void TestLadderLayout::aHundredThousandMessagesAreRows()
{
    std::vector<FlowMessage> messages;
    for (int i = 0; i < 100'000; ++i)
        messages.push_back(message(i % 2 == 0 ? "a" : "c", "b", i % 3 == 0 ? Kind::Text : Kind::Candidate));
    const LadderLayout newest = laidOut(messages, {.fold = false});
    QCOMPARE(newest.rows().size(), 10'000U); // a ladder that lives is built again and again
    QVERIFY(newest.isCut());
    QCOMPARE(newest.rows().front().first, 90'000);
    QCOMPARE(newest.rowOfMessage(89'999), -1);
    QCOMPARE(newest.rowOfMessage(99'999), 9'999);
    const LadderLayout all = laidOut(messages, {.fold = false, .mostMessages = 1'000'000});
    QCOMPARE(all.rows().size(), 100'000U);
    QVERIFY(!all.isCut());
}

void TestLadderLayout::svgIsXmlAndRedacted()
{
    const std::vector<FlowMessage> messages{
        message("ali<ce>", "bob", Kind::Offer), message("bob", "ali<ce>", Kind::Answer, Outcome::Dropped),
        message("", "", Kind::Gap), message("ali<ce>", "bob", Kind::Bye, Outcome::Waiting)};
    const auto at = [&](int i) -> const FlowMessage & { return messages[static_cast<std::size_t>(i)]; };
    const LadderLayout layout = laidOut(messages);
    for (const Redaction redaction : {Redaction::Redacted, Redaction::Full}) {
        const QByteArray svg = ladderSvg(layout, at, redaction);
        QXmlStreamReader xml(svg);
        int lines = 0;
        while (!xml.atEnd()) {
            if (xml.readNext() == QXmlStreamReader::StartElement && xml.name() == QLatin1String("line"))
                ++lines;
        }
        QVERIFY2(!xml.hasError(), qPrintable(xml.errorString()));
        QCOMPARE(lines, 3 + 3 + 2); // lifelines, arrows, the cross
        QCOMPARE(svg.contains("bob"), redaction == Redaction::Full);
        QCOMPARE(svg.contains("user 2"), redaction == Redaction::Redacted);
        QVERIFY(!svg.contains("secret"));
    }
}

void TestLadderLayout::jsonIsRedactedUnlessAskedFor()
{
    const std::vector<FlowMessage> messages{message("alice", "bob", Kind::Candidate),
                                            message("alice", "bob", Kind::Candidate)};
    const auto at = [&](int i) -> const FlowMessage & { return messages[static_cast<std::size_t>(i)]; };
    const QByteArray redacted = ladderJson(laidOut(messages), at, Redaction::Redacted);
    QCOMPARE(QJsonDocument::fromJson(redacted).array().size(), 2);
    QVERIFY(!redacted.contains("alice") && !redacted.contains("secret"));
    const QByteArray full = ladderJson(laidOut(messages), at, Redaction::Full);
    QVERIFY(full.contains("alice") && full.contains("secret"));
}

QTEST_GUILESS_MAIN(TestLadderLayout)
#include "tst_ladderlayout.moc"
