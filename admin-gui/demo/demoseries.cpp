// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/demo/demoseries.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace msgsrv::console::demo {

namespace {

struct SeriesFacts
{
    const char *name;
    const char *unit;
    const char *meaning;
    double base;
    double swing;
    double noise;
};

constexpr std::array<SeriesFacts, 9> seriesFacts{{
    {"sessions", "", "live sessions", 150, 90, 3},
    {"connections", "", "open connections, HTTP and WebSocket", 146, 88, 3},
    {"accepted", "1/s", "messages accepted", 42, 30, 9},
    {"delivered", "1/s", "messages delivered", 41, 30, 9},
    {"dropped", "1/s", "messages dropped", 0, 0, 0},
    {"inFlight", "", "messages that wait or are being written", 14, 8, 5},
    {"cpu", "%", "of one core", 3, 5, 1.2},
    {"rss", "B", "resident memory", 61.0 * 1048576, 9.0 * 1048576, 0.4 * 1048576},
    {"descriptors", "", "open file descriptors", 190, 88, 3},
}};
double noise(qint64 t, quint32 salt)
{
    quint64 x = static_cast<quint64>(t) * 0x9E3779B97F4A7C15ULL + salt * 0xD1B54A32D192ED03ULL;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9ULL;
    x ^= x >> 32;
    return static_cast<double>(x % 20001) / 10000.0 - 1.0;
}

/// A working day: quiet at night, two humps, a dip at noon; and one bad minute twelve minutes ago.
double seriesValue(std::size_t index, qint64 t, qint64 now)
{
    const SeriesFacts &facts = seriesFacts.at(index);
    const double hour = std::fmod(static_cast<double>(t) / 3'600'000.0, 24.0);
    const double day = std::exp(-std::pow((hour - 10.5) / 2.6, 2))
        + std::exp(-std::pow((hour - 15.5) / 2.9, 2)) + 0.5 * std::exp(-std::pow((hour - 21.0) / 2.0, 2));
    const double wave = std::sin(static_cast<double>(t) / 97'000.0) * 0.08
        + std::sin(static_cast<double>(t) / 31'000.0) * 0.05;
    double value = facts.base + facts.swing * (day + wave)
        + facts.noise * noise(t / 1000, static_cast<quint32>(index));
    const double bad = static_cast<double>(now - t) - 12 * 60'000.0;
    if (std::abs(bad) < 45'000) {
        if (QLatin1String(facts.name) == QLatin1String("inFlight"))
            value *= 4.6;
        if (QLatin1String(facts.name) == QLatin1String("dropped"))
            value += 2.1 + noise(t / 1000, 99);
    }
    return std::max(0.0, value);
}

} // namespace

QJsonArray seriesList()
{
    QJsonArray list;
    for (const SeriesFacts &facts : seriesFacts) {
        list.append(QJsonObject{{QLatin1String("name"), QLatin1String(facts.name)},
                                {QLatin1String("unit"), QLatin1String(facts.unit)},
                                {QLatin1String("meaning"), QLatin1String(facts.meaning)}});
    }
    return list;
}

QJsonObject series(const QString &name, int seconds, qint64 now)
{
    for (std::size_t i = 0; i < seriesFacts.size(); ++i) {
        if (name != QLatin1String(seriesFacts.at(i).name))
            continue;
        const int step = std::max(1, (seconds + 299) / 300);
        const qint64 end = now / (step * 1000) * (step * 1000);
        QJsonArray values;
        for (int at = seconds / step - 1; at >= 0; --at)
            values.append(seriesValue(i, end - static_cast<qint64>(at) * step * 1000, now));
        return {
            {QLatin1String("step"), step}, {QLatin1String("end"), end}, {QLatin1String("values"), values}};
    }
    return {};
}

double seriesNow(const QString &name, qint64 now)
{
    for (std::size_t i = 0; i < seriesFacts.size(); ++i) {
        if (name == QLatin1String(seriesFacts.at(i).name))
            return seriesValue(i, now, now);
    }
    return 0;
}

} // namespace msgsrv::console::demo
