// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/remotewindow.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <utility>

namespace msgsrv::console {

namespace {

QVariant scalar(const QJsonValue &value)
{
    switch (value.type()) {
    case QJsonValue::Array:
        return QString::fromUtf8(QJsonDocument(value.toArray()).toJson(QJsonDocument::Compact)).left(200);
    case QJsonValue::Object:
        return QString::fromUtf8(QJsonDocument(value.toObject()).toJson(QJsonDocument::Compact)).left(200);
    case QJsonValue::Null:
    case QJsonValue::Undefined:
        return {};
    default:
        return value.toVariant();
    }
}

} // namespace

RemoteRow RemoteRow::fromJson(const QJsonArray &json)
{
    RemoteRow row;
    row.cells.reserve(static_cast<std::size_t>(json.size()));
    for (const QJsonValue &value : json)
        row.cells.push_back(scalar(value));
    if (!row.cells.empty())
        row.id = row.cells.front().toString();
    return row;
}

const RemoteRow *RemoteWindow::at(int row) const
{
    return contains(row) ? &m_rows[static_cast<std::size_t>(row - m_first)] : nullptr;
}

int RemoteWindow::rowOf(const QString &id) const
{
    const auto found = m_places.constFind(id);
    return found == m_places.constEnd() ? -1 : m_first + *found;
}

bool RemoteWindow::sameOrder(const RemoteWindow &other) const
{
    return m_first == other.m_first && m_rows.size() == other.m_rows.size()
        && std::equal(m_rows.begin(), m_rows.end(), other.m_rows.begin(),
                      [](const RemoteRow &a, const RemoteRow &b) { return a.id == b.id; });
}

void RemoteWindow::replace(int first, const QJsonArray &rows, int most)
{
    m_first = std::max(0, first);
    m_rows.clear();
    m_places.clear();
    const int count = static_cast<int>(std::min<qsizetype>(rows.size(), most));
    m_rows.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        m_rows.push_back(RemoteRow::fromJson(rows.at(i).toArray()));
        m_places.insert(m_rows.back().id, i);
    }
}

void RemoteWindow::set(int row, RemoteRow value)
{
    if (!contains(row))
        return;
    RemoteRow &place = m_rows[static_cast<std::size_t>(row - m_first)];
    if (place.id != value.id) {
        if (m_places.value(place.id, -1) == row - m_first)
            m_places.remove(place.id);
        m_places.insert(value.id, row - m_first);
    }
    place = std::move(value);
}

void RemoteWindow::truncate(int total)
{
    while (size() > 0 && end() > total) {
        if (m_places.value(m_rows.back().id, -1) == size() - 1)
            m_places.remove(m_rows.back().id);
        m_rows.pop_back();
    }
}

std::pair<int, int> windowFor(int firstVisible, int lastVisible, int page, int most)
{
    const int low = std::max(0, std::min(firstVisible, lastVisible));
    const int high = std::min(std::max(low, lastVisible), low + most - 1);
    int begin = low / page * page;
    int end = (high / page + 1) * page;
    if (end - begin + page <= most)
        end += page;
    if (begin >= page && end - begin + page <= most)
        begin -= page;
    if (end - begin > most) { // more than fits with whole pages: what is seen comes first
        begin = low;
        end = low + most;
    }
    return {begin, end - begin};
}

} // namespace msgsrv::console
