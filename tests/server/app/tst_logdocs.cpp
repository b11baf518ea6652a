// SPDX-License-Identifier: GPL-3.0-or-later
#include <QDirIterator>
#include <QFile>
#include <QFileInfo>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

/// Compares docs/logs.md with the events that the sources log.
class TestLogDocs : public QObject
{
    Q_OBJECT

private slots:
    void everyLoggedEventIsListedAndNoOther();

private:
    static QString read(const QString &path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }
    static QSet<QString> matchesOf(const QString &pattern, const QString &text)
    {
        QSet<QString> found;
        auto matches = QRegularExpression(pattern, QRegularExpression::MultilineOption).globalMatch(text);
        while (matches.hasNext())
            found.insert(matches.next().captured(1));
        return found;
    }
};

void TestLogDocs::everyLoggedEventIsListedAndNoOther()
{
    const QString path = QFINDTESTDATA("../docs/logs.md");
    const QString document = read(path);
    QVERIFY(!document.isEmpty());

    QSet<QString> logged{QStringLiteral("qt"), QStringLiteral("log.lost"), QStringLiteral("log.suppressed")};
    const QString root = QFileInfo(path).absolutePath() + QStringLiteral("/../");
    const auto call = QStringLiteral("log::(?:debug|info|warning|error)\\(\\s*\\w+\\(\\),\\s*\"([^\"]+)\"");
    for (const char *folder : {"server", "shared"}) {
        QDirIterator files(root + QLatin1String(folder), {QStringLiteral("*.cpp"), QStringLiteral("*.h")},
                           QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext())
            logged.unite(matchesOf(call, read(files.next())));
    }
    QVERIFY(logged.size() > 3);
    const QSet<QString> listed = matchesOf(
        QStringLiteral("^\\| `([a-z0-9_.]+)` \\| (?:debug|info|warning|error|any) \\|"), document);
    const auto sorted = [](const QSet<QString> &set) {
        QStringList list(set.begin(), set.end());
        list.sort();
        return list.join(u'\n');
    };
    QCOMPARE(sorted(listed), sorted(logged));
}

QTEST_APPLESS_MAIN(TestLogDocs)
#include "tst_logdocs.moc"
