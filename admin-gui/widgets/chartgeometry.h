// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPolygonF>
#include <QRectF>

#include <cstdint>
#include <vector>

namespace msgsrv::console {

/// Values in equal steps, as series.get answers them. Values that are not known are NaN.
struct SeriesData
{
    qint64 end = 0; ///< ms since the epoch, of the last value
    qint64 step = 1000; ///< ms
    std::vector<double> values;

    [[nodiscard]] qint64 begin() const;
    [[nodiscard]] double highest() const; ///< 0 when nothing is known
    [[nodiscard]] double last() const; ///< NaN when nothing is known
    [[nodiscard]] bool isEmpty() const { return values.empty(); }
};

/// Where things are in a chart: plain arithmetic, so that it can be tested without a screen.
class ChartGeometry
{
public:
    /// @p plot: the rectangle of the curve. The scale begins at 0 and ends at a round number.
    ChartGeometry(const QRectF &plot, const SeriesData &data, double atLeast = 0, bool binary = false);

    [[nodiscard]] double top() const { return m_top; } ///< value at the upper edge
    [[nodiscard]] std::vector<double> ticks() const; ///< round values from 0 to the top
    [[nodiscard]] double y(double value) const;
    [[nodiscard]] double x(std::size_t index) const;
    /// The value nearest to a place; its index, or -1 without values.
    [[nodiscard]] int indexAt(double x) const;
    /// The curve: one line for each run of known values.
    [[nodiscard]] std::vector<QPolygonF> lines() const;
    /// Round moments for the time axis, at most one for each @p spacing pixels: place and ms.
    [[nodiscard]] std::vector<std::pair<double, qint64>> timeTicks(double spacing) const;

private:
    QRectF m_plot;
    const SeriesData &m_data;
    double m_top = 1;
    double m_tick = 1;
};

/// A round number (1, 2 or 5 times a power of ten; with @p binary a power of two) that cuts @p highest into
/// three to six parts.
[[nodiscard]] double roundStep(double highest, bool binary = false);

} // namespace msgsrv::console
