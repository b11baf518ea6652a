// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFile>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

/// docs/stomp-conformance.md is true: its tests exist and name the items that they prove.
class TestStompConformance : public QObject
{
    Q_OBJECT

private slots:
    void everyItemIsProvenByATest_data();
    void everyItemIsProvenByATest();

private:
    static QString read(const QString &path)
    {
        QFile file(QStringLiteral(QT_TESTCASE_SOURCEDIR "/../") + path);
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }
    /// The numbers that `text` names: "item 5", "items 1, 3 to 5 and 9".
    static QSet<int> itemsIn(const QString &text)
    {
        static const QRegularExpression list(
            QStringLiteral(R"(\bitems? (\d+(?: to \d+)?(?:(?:, | and )\d+(?: to \d+)?)*))"));
        static const QRegularExpression span(QStringLiteral(R"((\d+)(?: to (\d+))?)"));
        QSet<int> items;
        for (auto lists = list.globalMatch(text); lists.hasNext();) {
            for (auto spans = span.globalMatch(lists.next().captured(1)); spans.hasNext();) {
                const auto match = spans.next();
                const int first = match.captured(1).toInt();
                const int last = match.captured(2).isEmpty() ? first : match.captured(2).toInt();
                for (int item = first; item <= last; ++item)
                    items.insert(item);
            }
        }
        return items;
    }
};

void TestStompConformance::everyItemIsProvenByATest_data()
{
    QTest::addColumn<int>("item");
    for (int item = 1; item <= 95; ++item)
        QTest::addRow("%d", item) << item;
}

void TestStompConformance::everyItemIsProvenByATest()
{
    QFETCH(const int, item);
    const QString document = read(QStringLiteral("docs/stomp-conformance.md"));
    const QRegularExpression row(QStringLiteral(R"(^\| %1 \| .+ \| (.+) \|$)").arg(item),
                                 QRegularExpression::MultilineOption);
    auto rows = row.globalMatch(document);
    QVERIFY(rows.hasNext());
    const QString tests = rows.next().captured(1);
    QVERIFY(!rows.hasNext());

    static const QRegularExpression test(QStringLiteral("`([a-z/]+/tst_[a-z]+)` `([A-Za-z0-9]+)`"));
    auto named = test.globalMatch(tests);
    QVERIFY(named.hasNext());
    while (named.hasNext()) {
        const auto match = named.next();
        const QString source = read(QStringLiteral("tests/%1.cpp").arg(match.captured(1)));
        // The declaration, with the comment behind it or in the line before.
        const QRegularExpression declaration(
            QStringLiteral(R"((?:^    // items?.*\n)?^    void %1\(\).*$)").arg(match.captured(2)),
            QRegularExpression::MultilineOption);
        const auto found = declaration.match(source);
        QVERIFY2(found.hasMatch(), qPrintable(match.captured(0)));
        QVERIFY2(itemsIn(found.captured(0)).contains(item), qPrintable(match.captured(0)));
    }
}

QTEST_APPLESS_MAIN(TestStompConformance)
#include "tst_stompconformance.moc"
