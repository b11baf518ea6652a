// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/chartgeometry.h"

#include <QDateTime>

#include <algorithm>
#include <array>
#include <cmath>

namespace msgsrv::console {

qint64 SeriesData::begin() const
{
    return values.empty() ? end : end - step * static_cast<qint64>(values.size() - 1);
}

double SeriesData::highest() const
{
    double highest = 0;
    for (const double value : values) {
        if (std::isfinite(value))
            highest = std::max(highest, value);
    }
    return highest;
}

double SeriesData::last() const
{
    for (auto value = values.rbegin(); value != values.rend(); ++value) {
        if (std::isfinite(*value))
            return *value;
    }
    return std::nan("");
}

double roundStep(double highest, bool binary)
{
    if (!(highest > 0) || !std::isfinite(highest))
        return 1;
    if (binary)
        return std::exp2(std::ceil(std::log2(highest / 5)));
    const double rough = highest / 5;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= rough * 0.9999)
            return factor * power;
    }
    return 10 * power;
}

ChartGeometry::ChartGeometry(const QRectF &plot, const SeriesData &data, double atLeast, bool binary)
    : m_plot(plot)
    , m_data(data)
{
    const double highest = std::max(data.highest(), atLeast);
    m_tick = roundStep(highest, binary);
    m_top = highest > 0 ? std::ceil(highest / m_tick * 1.0001) * m_tick : 1;
}

std::vector<double> ChartGeometry::ticks() const
{
    std::vector<double> ticks;
    for (int i = 0; i * m_tick <= m_top * 1.0001 && i < 20; ++i)
        ticks.push_back(i * m_tick);
    return ticks;
}

double ChartGeometry::y(double value) const
{
    return m_plot.bottom() - m_plot.height() * std::clamp(value / m_top, 0.0, 1.0);
}

double ChartGeometry::x(std::size_t index) const
{
    const std::size_t count = m_data.values.size();
    return count < 2
        ? m_plot.right()
        : m_plot.left() + m_plot.width() * static_cast<double>(index) / static_cast<double>(count - 1);
}

int ChartGeometry::indexAt(double x) const
{
    if (m_data.values.empty())
        return -1;
    const auto last = static_cast<double>(m_data.values.size() - 1);
    const double place = m_plot.width() > 0 ? (x - m_plot.left()) / m_plot.width() * last : 0;
    return static_cast<int>(std::lround(std::clamp(place, 0.0, last)));
}

std::vector<QPolygonF> ChartGeometry::lines() const
{
    std::vector<QPolygonF> lines;
    bool known = false;
    for (std::size_t i = 0; i < m_data.values.size(); ++i) {
        const double value = m_data.values[i];
        if (!std::isfinite(value)) {
            known = false;
            continue;
        }
        if (!known)
            lines.emplace_back();
        known = true;
        lines.back().append({x(i), y(value)});
    }
    return lines;
}

std::vector<std::pair<double, qint64>> ChartGeometry::timeTicks(double spacing) const
{
    std::vector<std::pair<double, qint64>> ticks;
    const qint64 begin = m_data.begin();
    const qint64 span = m_data.end - begin;
    if (span <= 0 || m_plot.width() <= 0)
        return ticks;
    static constexpr std::array<qint64, 14> steps{1,   5,   10,   15,   30,   60,    120,
                                                  300, 600, 1800, 3600, 7200, 14400, 21600};
    qint64 step = 86'400'000;
    for (const qint64 seconds : steps) {
        if (static_cast<double>(seconds) * 1000 / static_cast<double>(span) * m_plot.width() >= spacing) {
            step = seconds * 1000;
            break;
        }
    }
    const qint64 offset
        = static_cast<qint64>(QDateTime::fromMSecsSinceEpoch(m_data.end).offsetFromUtc()) * 1000;
    for (qint64 at = (begin + offset + step - 1) / step * step - offset; at <= m_data.end; at += step)
        ticks.emplace_back(
            m_plot.left() + m_plot.width() * static_cast<double>(at - begin) / static_cast<double>(span), at);
    return ticks;
}

} // namespace msgsrv::console
