// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/node.h"

#include <QJsonObject>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace msgsrv::management {

/// The last values of each gauge in three resolutions: 1 s for 5 minutes, 10 s for an hour, 60 s for a day.
/// A coarse value is the mean of the fine ones. Its memory is taken at once and never grows.
class Series
{
public:
    explicit Series(std::span<const Gauge> gauges);

    /// One value a gauge, in their order; called once a second. nan: nothing known.
    void append(std::span<const double> values);

    /// The result of series.list.
    [[nodiscard]] QJsonObject list() const;
    /// The result of series.get: the finest values that reach @p seconds back. @p now is Unix time in ms.
    /// Nothing: no such series.
    [[nodiscard]] std::optional<QJsonObject> get(std::string_view name, int seconds, qint64 now) const;

private:
    struct Ring
    {
        int step = 1; ///< seconds
        std::vector<float> values; ///< a ring, nan where nothing is known
        std::size_t next = 0;
        double sum = 0; ///< of the finer values since the last one
        int known = 0;
        int seen = 0;

        void push(double value);
        void add(double value);
    };
    struct Line
    {
        Gauge gauge;
        std::vector<Ring> rings; ///< the finest first
    };
    std::vector<Line> m_lines;
};

} // namespace msgsrv::management
