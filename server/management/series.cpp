// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/series.h"

#include <QJsonArray>

#include <algorithm>
#include <cmath>
#include <limits>

namespace msgsrv::management {

namespace {

struct Resolution
{
    int step; ///< seconds
    std::size_t count;
};
constexpr Resolution resolutions[] = {{1, 300}, {10, 360}, {60, 1440}};

QString text(std::string_view view)
{
    return QString::fromUtf8(view.data(), qsizetype(view.size()));
}

} // namespace

Series::Series(std::span<const Gauge> gauges)
{
    for (const Gauge &gauge : gauges) {
        Line line{gauge, {}};
        for (const Resolution &resolution : resolutions) {
            Ring ring;
            ring.step = resolution.step;
            ring.values.assign(resolution.count, std::numeric_limits<float>::quiet_NaN());
            line.rings.push_back(std::move(ring));
        }
        m_lines.push_back(std::move(line));
    }
}

void Series::Ring::push(double value)
{
    values[next] = float(value);
    next = (next + 1) % values.size();
}

void Series::Ring::add(double value)
{
    if (std::isfinite(value)) {
        sum += value;
        ++known;
    }
    if (++seen < step)
        return;
    push(known > 0 ? sum / known : std::numeric_limits<double>::quiet_NaN());
    sum = 0;
    known = 0;
    seen = 0;
}

void Series::append(std::span<const double> values)
{
    for (std::size_t i = 0; i < m_lines.size() && i < values.size(); ++i) {
        for (Ring &ring : m_lines[i].rings)
            ring.add(values[i]);
    }
}

QJsonObject Series::list() const
{
    QJsonArray series;
    for (const Line &line : m_lines) {
        series.append(QJsonObject{{QStringLiteral("name"), text(line.gauge.name)},
                                  {QStringLiteral("unit"), text(line.gauge.unit)},
                                  {QStringLiteral("meaning"), text(line.gauge.meaning)}});
    }
    return {{QStringLiteral("series"), series}};
}

std::optional<QJsonObject> Series::get(std::string_view name, int seconds, qint64 now) const
{
    const auto line = std::find_if(m_lines.begin(), m_lines.end(),
                                   [name](const Line &known) { return known.gauge.name == name; });
    if (line == m_lines.end())
        return {};
    const auto reaches = [seconds](const Ring &ring) {
        return std::size_t(seconds) <= ring.values.size() * std::size_t(ring.step);
    };
    const auto found = std::find_if(line->rings.begin(), line->rings.end(), reaches);
    const Ring &ring = found == line->rings.end() ? line->rings.back() : *found;

    const std::size_t wanted = std::min(
        ring.values.size(), (std::size_t(seconds) + std::size_t(ring.step) - 1) / std::size_t(ring.step));
    QJsonArray values;
    for (std::size_t i = ring.values.size() - wanted; i < ring.values.size(); ++i) {
        const double value = double(ring.values[(ring.next + i) % ring.values.size()]);
        values.append(std::isfinite(value) ? QJsonValue(value) : QJsonValue(QJsonValue::Null));
    }
    constexpr qint64 second = 1000;
    const qint64 end = now - qint64(ring.seen) * second;
    return QJsonObject{{QStringLiteral("step"), ring.step},
                       {QStringLiteral("end"), end},
                       {QStringLiteral("values"), values}};
}

} // namespace msgsrv::management
