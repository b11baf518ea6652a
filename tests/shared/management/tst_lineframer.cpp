// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/lineframer.h"

#include <QTest>

#include <string>
#include <vector>

using namespace msgsrv::management;

namespace {

struct Outcome
{
    std::vector<std::string> lines;
    bool tooLong = false;
    bool operator==(const Outcome &) const = default;
};

void feed(LineFramer &framer, std::string_view bytes, Outcome &outcome)
{
    while (true) {
        const auto event = framer.next(bytes);
        if (const auto *line = std::get_if<LineFramer::Line>(&event)) {
            outcome.lines.emplace_back(line->text);
            continue;
        }
        outcome.tooLong = std::holds_alternative<LineFramer::TooLong>(event);
        return;
    }
}

} // namespace

class LineFramerTest final : public QObject
{
    Q_OBJECT

private slots:
    void cuts_lines_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArrayList>("lines");
        QTest::newRow("nothing") << QByteArray("") << QByteArrayList{};
        QTest::newRow("one") << QByteArray("abc\n") << QByteArrayList{"abc"};
        QTest::newRow("two") << QByteArray("abc\nde\n") << QByteArrayList{"abc", "de"};
        QTest::newRow("the last is not whole") << QByteArray("abc\nde") << QByteArrayList{"abc"};
        QTest::newRow("with carriage returns") << QByteArray("abc\r\nde\r\n") << QByteArrayList{"abc", "de"};
        QTest::newRow("a carriage return within") << QByteArray("a\rb\n") << QByteArrayList{"a\rb"};
        QTest::newRow("empty lines") << QByteArray("\n\r\n\na\n\n") << QByteArrayList{"a"};
        QTest::newRow("a NUL") << QByteArray("a\0b\n", 4) << QByteArrayList{QByteArray("a\0b", 3)};
    }

    void cuts_lines()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArrayList, lines);
        Outcome expected;
        for (const QByteArray &line : lines)
            expected.lines.push_back(line.toStdString());

        // In any two cuts, and byte by byte.
        const std::string all = bytes.toStdString();
        for (std::size_t first = 0; first <= all.size(); ++first) {
            for (std::size_t second = first; second <= all.size(); ++second) {
                LineFramer framer(100);
                Outcome outcome;
                feed(framer, std::string_view(all).substr(0, first), outcome);
                feed(framer, std::string_view(all).substr(first, second - first), outcome);
                feed(framer, std::string_view(all).substr(second), outcome);
                QVERIFY(outcome == expected);
            }
        }
        LineFramer framer(100);
        Outcome outcome;
        for (const char &byte : all)
            feed(framer, {&byte, 1}, outcome);
        QVERIFY(outcome == expected);
    }

    void a_whole_line_is_not_copied()
    {
        const std::string bytes = "abc\ndef\n";
        std::string_view rest = bytes;
        LineFramer framer(10);
        (void)framer.next(rest);
        const auto event = framer.next(rest);
        QCOMPARE(std::get<LineFramer::Line>(event).text.data(), bytes.data() + 4);
    }

    void a_line_of_the_limit_passes_and_a_longer_one_ends_it()
    {
        for (const std::size_t cut : {1U, 5U, 10U, 11U, 12U}) {
            const std::string good = "0123456789\n";
            LineFramer framer(10);
            Outcome outcome;
            feed(framer, std::string_view(good).substr(0, std::min(cut, good.size())), outcome);
            feed(framer, std::string_view(good).substr(std::min(cut, good.size())), outcome);
            QVERIFY(!outcome.tooLong);
            QCOMPARE(outcome.lines, std::vector<std::string>{"0123456789"});

            const std::string bad = "0123456789X\nabc\n";
            LineFramer other(10);
            Outcome bads;
            feed(other, std::string_view(bad).substr(0, cut), bads);
            feed(other, std::string_view(bad).substr(cut), bads);
            QVERIFY(bads.tooLong);
            QVERIFY(bads.lines.empty());
            feed(other, "abc\n", bads);
            QVERIFY(bads.tooLong);
            QVERIFY(bads.lines.empty());
        }
    }

    void ten_megabytes_without_an_end_are_not_kept()
    {
        LineFramer framer(1024 * 1024);
        const std::string piece(64 * 1024, 'x');
        Outcome outcome;
        std::size_t most = 0;
        for (int i = 0; i < 160; ++i) {
            feed(framer, piece, outcome);
            most = std::max(most, framer.kept());
        }
        QVERIFY(outcome.tooLong);
        QCOMPARE(most, std::size_t(1024 * 1024));
        QCOMPARE(framer.kept(), std::size_t(0));
    }

    void ten_megabytes_pass_when_they_may()
    {
        LineFramer framer(16 * 1024 * 1024);
        std::string line(10 * 1024 * 1024, 'y');
        Outcome outcome;
        for (std::size_t at = 0; at < line.size(); at += 65'537)
            feed(framer, std::string_view(line).substr(at, 65'537), outcome);
        feed(framer, "\nnext\n", outcome);
        QCOMPARE(outcome.lines.size(), std::size_t(2));
        QVERIFY(outcome.lines.front() == line);
        QCOMPARE(outcome.lines.back(), std::string("next"));
    }
};

QTEST_GUILESS_MAIN(LineFramerTest)
#include "tst_lineframer.moc"
