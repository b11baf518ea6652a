// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/ctl/text.h"

#include <QJsonDocument>
#include <QStringList>

#include <algorithm>
#include <vector>

namespace msgsrv::ctl {

namespace {

bool isHarmless(QChar c)
{
    switch (c.category()) {
    case QChar::Other_Control:
    case QChar::Other_Format:
    case QChar::Other_PrivateUse:
    case QChar::Other_NotAssigned:
    case QChar::Separator_Line:
    case QChar::Separator_Paragraph:
        return false;
    default:
        return true;
    }
}

void addTo(QStringList &names, QStringList &values, const QString &prefix, const QJsonObject &object)
{
    for (auto it = object.begin(); it != object.end(); ++it) {
        if (it.value().isObject()) {
            addTo(names, values, prefix + it.key() + u'.', it.value().toObject());
        } else {
            names.append(toText(prefix + it.key()));
            values.append(toText(it.value()));
        }
    }
}

} // namespace

QString toText(const QJsonValue &value)
{
    switch (value.type()) {
    case QJsonValue::Bool:
        return value.toBool() ? QStringLiteral("yes") : QStringLiteral("no");
    case QJsonValue::Double:
        return QJsonValue(value).toVariant().toString();
    case QJsonValue::String:
        break;
    case QJsonValue::Array:
    case QJsonValue::Object:
        return toText(QString::fromUtf8(
            (value.isArray() ? QJsonDocument(value.toArray()) : QJsonDocument(value.toObject()))
                .toJson(QJsonDocument::Compact)));
    case QJsonValue::Null:
    case QJsonValue::Undefined:
        return QStringLiteral("-");
    }
    QString text;
    for (const QChar c : value.toString())
        text += isHarmless(c) ? QString(c) : QStringLiteral("\\u%1").arg(c.unicode(), 4, 16, QChar(u'0'));
    return text;
}

QString toTable(const QJsonArray &columns, const QJsonArray &rows)
{
    std::vector<qsizetype> widths;
    std::vector<QStringList> lines;
    QStringList names;
    for (const QJsonValue &column : columns) {
        names.append(toText(column).toUpper());
        widths.push_back(names.last().size());
    }
    lines.push_back(names);
    for (const QJsonValue &row : rows) {
        QStringList cells;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            cells.append(toText(row.toArray().at(qsizetype(i))));
            widths[i] = std::max(widths[i], cells.last().size());
        }
        lines.push_back(cells);
    }
    QString text;
    for (std::size_t line = 0; line < lines.size(); ++line) {
        QString out;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const qsizetype column = qsizetype(i);
            const bool isNumber = !rows.isEmpty() && rows.at(0).toArray().at(column).isDouble();
            const QString &cell = lines[line].at(column);
            out += isNumber ? cell.rightJustified(widths[i]) : cell.leftJustified(widths[i]);
            out += QStringLiteral("  ");
        }
        while (out.endsWith(u' '))
            out.chop(1);
        text += out + u'\n';
    }
    return text;
}

QString toList(const QJsonObject &object)
{
    QStringList names;
    QStringList values;
    addTo(names, values, {}, object);
    qsizetype width = 0;
    for (const QString &name : names)
        width = std::max(width, name.size());
    QString text;
    for (qsizetype i = 0; i < names.size(); ++i)
        text += names.at(i).leftJustified(width) + QStringLiteral("  ") + values.at(i) + u'\n';
    return text;
}

QString toJsonLine(const QJsonObject &object)
{
    return QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact)) + u'\n';
}

QString toJsonLines(const QJsonArray &columns, const QJsonArray &rows)
{
    QString text;
    for (const QJsonValue &row : rows) {
        QJsonObject object;
        for (qsizetype i = 0; i < columns.size(); ++i)
            object.insert(columns.at(i).toString(), row.toArray().at(i));
        text += toJsonLine(object);
    }
    return text;
}

} // namespace msgsrv::ctl
