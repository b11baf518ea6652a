// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/ladderexport.h"

#include "admin-gui/models/format.h"
#include "admin-gui/widgets/palette.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace msgsrv::console {

namespace {

class Names
{
public:
    explicit Names(Redaction redaction)
        : m_redaction(redaction)
    { }

    QString operator()(const QString &user)
    {
        if (m_redaction == Redaction::Full)
            return user;
        auto known = m_known.find(user);
        if (known == m_known.end())
            known = m_known.insert(user, QStringLiteral("user %1").arg(m_known.size() + 1));
        return *known;
    }

private:
    Redaction m_redaction;
    QHash<QString, QString> m_known;
};

int firstRow(const LadderLayout &layout)
{
    return std::max(0, static_cast<int>(layout.rows().size()) - mostExportedRows);
}

QString text(double x, double y, const QColor &color, const char *anchor, const QString &content,
             bool bold = false)
{
    return QStringLiteral("<text x=\"%1\" y=\"%2\" fill=\"%3\" text-anchor=\"%4\"%5>%6</text>\n")
        .arg(x, 0, 'f', 1)
        .arg(y, 0, 'f', 1)
        .arg(color.name(), QLatin1String(anchor), bold ? QStringLiteral(" font-weight=\"bold\"") : QString(),
             content.toHtmlEscaped());
}

QString line(double x1, double y1, double x2, double y2, const QColor &color, double width,
             const char *dash = nullptr)
{
    return QStringLiteral(
               "<line x1=\"%1\" y1=\"%2\" x2=\"%3\" y2=\"%4\" stroke=\"%5\" stroke-width=\"%6\"%7/>\n")
        .arg(x1, 0, 'f', 1)
        .arg(y1, 0, 'f', 1)
        .arg(x2, 0, 'f', 1)
        .arg(y2, 0, 'f', 1)
        .arg(color.name())
        .arg(width)
        .arg(dash == nullptr ? QString()
                             : QStringLiteral(" stroke-dasharray=\"%1\"").arg(QLatin1String(dash)));
}

QString arrow(const LadderMetrics &m, const LadderLayout &layout, const LadderLayout::Row &row, double y,
              const QColor &color)
{
    const double from = m.lifelineX(row.from);
    const bool lost
        = row.worst == FlowMessage::Outcome::Dropped || row.worst == FlowMessage::Outcome::Refused;
    const double end = lost  ? m.lifelineX(layout.serverLifeline())
        : row.from == row.to ? from + m.spacing * 0.4
                             : m.lifelineX(row.to);
    const double way = end >= from ? 1 : -1;
    QString svg = line(from, y, end - way * (lost ? 0 : 4), y, color, 1.6,
                       row.worst == FlowMessage::Outcome::Waiting ? "3 3" : nullptr);
    if (lost)
        return svg + line(end - 5, y - 5, end + 5, y + 5, color, 2)
            + line(end - 5, y + 5, end + 5, y - 5, color, 2);
    return svg
        + QStringLiteral("<polygon points=\"%1,%2 %3,%4 %3,%5\" fill=\"%6\"/>\n")
              .arg(end, 0, 'f', 1)
              .arg(y, 0, 'f', 1)
              .arg(end - way * 9, 0, 'f', 1)
              .arg(y - 4.5, 0, 'f', 1)
              .arg(y + 4.5, 0, 'f', 1)
              .arg(color.name());
}

} // namespace

QByteArray ladderSvg(const LadderLayout &layout, const LadderLayout::Source &at, Redaction redaction)
{
    const Colors &colors = lightColors();
    const LadderMetrics m;
    Names names(redaction);
    const int first = firstRow(layout);
    const int rows = static_cast<int>(layout.rows().size()) - first;
    const int lifelines = static_cast<int>(layout.lifelines().size());
    const double width = m.width(lifelines);
    const double height = m.head + m.height(rows) + 10;
    QString svg = QStringLiteral(
                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                      "width=\"%1\" height=\"%2\" font-family=\"sans-serif\" font-size=\"12\">\n"
                      "<rect width=\"100%\" height=\"100%\" fill=\"%3\"/>\n")
                      .arg(width)
                      .arg(height)
                      .arg(colors.surface.name());
    for (int i = 0; i < lifelines; ++i) {
        const bool special = i == layout.serverLifeline() || (layout.gathered() > 0 && i == lifelines - 1);
        svg += text(m.lifelineX(i), 22, special ? colors.muted : colors.text, "middle",
                    special ? layout.lifelines().at(i) : names(layout.lifelines().at(i)), true);
        svg += line(m.lifelineX(i), m.head, m.lifelineX(i), height, colors.line, 1,
                    i == layout.serverLifeline() ? "4 3" : nullptr);
    }
    for (int i = 0; i < rows; ++i) {
        const LadderLayout::Row &row = layout.rows()[static_cast<std::size_t>(first + i)];
        const FlowMessage &message = at(row.first);
        const double y = m.head + m.arrowY(i);
        svg += text(10, y + 4, colors.muted, "start", format::clock(message.ts));
        const bool lost
            = row.worst == FlowMessage::Outcome::Dropped || row.worst == FlowMessage::Outcome::Refused;
        const QColor color = lost ? colors.bad : colors.of(message.kind);
        svg += text(width - m.margin + 10, y + 4, lost ? colors.bad : colors.muted, "start",
                    message.outcomeText());
        if (row.from < 0)
            continue;
        svg += arrow(m, layout, row, y, color);
        const double way = row.to >= row.from ? 1 : -1;
        svg += text(m.lifelineX(row.from) + way * 14, y - 4, color, way > 0 ? "start" : "end",
                    ladderLabel(message, row.count));
    }
    return (svg + QStringLiteral("</svg>\n")).toUtf8();
}

QByteArray ladderJson(const LadderLayout &layout, const LadderLayout::Source &at, Redaction redaction)
{
    Names names(redaction);
    QJsonArray array;
    const auto append = [&](const FlowMessage &message) {
        QJsonObject object{{QLatin1String("seq"), static_cast<qint64>(message.seq)},
                           {QLatin1String("ts"), message.ts},
                           {QLatin1String("kind"), FlowMessage::kindName(message.kind)},
                           {QLatin1String("outcome"), message.outcomeText()}};
        if (message.kind != FlowMessage::Kind::Gap) {
            object.insert(QLatin1String("from"), names(message.from));
            object.insert(QLatin1String("to"), names(message.to));
            object.insert(QLatin1String("bytes"), message.bytes);
            if (message.delay >= 0)
                object.insert(QLatin1String("delay"), message.delay);
            if (redaction == Redaction::Full && !message.payload.isEmpty())
                object.insert(QLatin1String("payload"), message.payload);
        }
        array.append(object);
    };
    for (std::size_t i = static_cast<std::size_t>(firstRow(layout)); i < layout.rows().size(); ++i) {
        append(at(layout.rows()[i].first));
        for (const int other : layout.rows()[i].others)
            append(at(other));
    }
    return QJsonDocument(array).toJson();
}

} // namespace msgsrv::console
