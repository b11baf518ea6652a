// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QFile>
#include <QMap>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

#include <string>

namespace msgsrv {

/// Metric families as `name type label,label`, the labels in order, e.g. `messaging_sessions gauge state`.
using MetricFamilies = QSet<QString>;

inline QString describeFamily(const QString &name, const QString &type, QSet<QString> labels)
{
    QStringList sorted(labels.cbegin(), labels.cend());
    sorted.sort();
    return name + u' ' + type + u' ' + sorted.join(u',');
}

/// The text of docs/metrics.md.
inline QByteArray metricsDocument()
{
    QFile file(QStringLiteral(QT_TESTCASE_SOURCEDIR "/../docs/metrics.md"));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("docs/metrics.md cannot be read");
    return file.readAll();
}

/// The families that the table in docs/metrics.md gives for @p layer (empty: for all layers).
inline MetricFamilies documentedMetrics(const QString &layer)
{
    static const QRegularExpression row(
        QStringLiteral("^\\| `(\\w+)` \\| (counter|gauge|histogram) \\|([^|]*)\\| (\\w+) \\| \\S"),
        QRegularExpression::MultilineOption);
    static const QRegularExpression quoted(QStringLiteral("`(\\w+)`"));
    MetricFamilies families;
    auto rows = row.globalMatch(QString::fromUtf8(metricsDocument()));
    while (rows.hasNext()) {
        const QRegularExpressionMatch match = rows.next();
        QSet<QString> labels;
        auto names = quoted.globalMatch(match.captured(3));
        while (names.hasNext())
            labels.insert(names.next().captured(1));
        if (layer.isEmpty() || layer == match.captured(4))
            families.insert(describeFamily(match.captured(1), match.captured(2), labels));
    }
    return families;
}

/// The families of a text in Prometheus format 0.0.4.
inline MetricFamilies renderedMetrics(const std::string &text)
{
    static const QRegularExpression typeLine(QStringLiteral("^# TYPE (\\w+) (\\w+)$"));
    static const QRegularExpression sampleLine(QStringLiteral("^(\\w+)(?:\\{(.*)\\})? "));
    static const QRegularExpression label(QStringLiteral("(\\w+)=\"(?:[^\"\\\\]|\\\\.)*\""));
    QMap<QString, QString> types;
    QMap<QString, QSet<QString>> labels;
    const QStringList lines = QString::fromStdString(text).split(u'\n');
    for (const QString &line : lines) {
        if (const auto type = typeLine.match(line); type.hasMatch()) {
            types.insert(type.captured(1), type.captured(2));
        } else if (const auto sample = sampleLine.match(line); sample.hasMatch()) {
            auto names = label.globalMatch(sample.captured(2));
            while (names.hasNext())
                labels[sample.captured(1)].insert(names.next().captured(1));
        }
    }
    MetricFamilies families;
    for (auto it = types.cbegin(); it != types.cend(); ++it)
        families.insert(describeFamily(it.key(), it.value(), labels.value(it.key())));
    return families;
}

} // namespace msgsrv
