// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/format.h"

#include <QDateTime>
#include <QLocale>

#include <array>
#include <cmath>

namespace msgsrv::console::format {

namespace {

/// Three significant digits at most, without a useless ".0".
QString brief(double number)
{
    const QLocale locale;
    const double magnitude = std::abs(number);
    const int decimals = magnitude >= 99.95 || number == std::floor(number) ? 0 : 1;
    return locale.toString(number, 'f', decimals);
}

} // namespace

QString count(double number)
{
    if (!std::isfinite(number))
        return QStringLiteral("–");
    return number == std::floor(number) ? QLocale().toString(number, 'f', 0)
                                        : QLocale().toString(number, 'f', 1);
}

QString shortCount(double number)
{
    if (!std::isfinite(number))
        return QStringLiteral("–");
    static constexpr std::array<const char *, 4> suffixes{"", "k", "M", "G"};
    std::size_t step = 0;
    while (std::abs(number) >= 1000 && step + 1 < suffixes.size()) {
        number /= 1000;
        ++step;
    }
    return brief(number) + QLatin1String(suffixes.at(step));
}

QString bytes(double number)
{
    if (!std::isfinite(number))
        return QStringLiteral("–");
    static constexpr std::array<const char *, 5> units{" B", " KiB", " MiB", " GiB", " TiB"};
    std::size_t step = 0;
    while (std::abs(number) >= 1024 && step + 1 < units.size()) {
        number /= 1024;
        ++step;
    }
    return brief(number) + QLatin1String(units.at(step));
}

QString duration(double seconds)
{
    if (!std::isfinite(seconds))
        return QStringLiteral("–");
    if (seconds < 0)
        return QStringLiteral("−") + duration(-seconds);
    if (seconds < 10 && seconds != std::floor(seconds))
        return QLocale().toString(seconds, 'f', 1) + QStringLiteral(" s");
    const auto whole = static_cast<qint64>(seconds);
    const auto two = [](qint64 large, const char *largeUnit, qint64 small, const char *smallUnit) {
        QString text = QString::number(large) + QLatin1Char(' ') + QLatin1String(largeUnit);
        if (small > 0)
            text += QLatin1Char(' ') + QString::number(small) + QLatin1Char(' ') + QLatin1String(smallUnit);
        return text;
    };
    if (whole < 60)
        return QString::number(whole) + QStringLiteral(" s");
    if (whole < 3600)
        return two(whole / 60, "m", whole % 60, "s");
    if (whole < 86400)
        return two(whole / 3600, "h", whole % 3600 / 60, "m");
    return two(whole / 86400, "d", whole % 86400 / 3600, "h");
}

QString microseconds(double number)
{
    if (!std::isfinite(number))
        return QStringLiteral("–");
    if (number < 1000)
        return brief(number) + QStringLiteral(" µs");
    if (number < 1'000'000)
        return brief(number / 1000) + QStringLiteral(" ms");
    return duration(std::floor(number / 100'000) / 10);
}

QString clock(qint64 ms, bool withMilliseconds)
{
    return QDateTime::fromMSecsSinceEpoch(ms).time().toString(
        withMilliseconds ? QStringLiteral("HH:mm:ss.zzz") : QStringLiteral("HH:mm:ss"));
}

QString moment(qint64 ms)
{
    return QDateTime::fromMSecsSinceEpoch(ms).toString(QStringLiteral("yyyy-MM-dd HH:mm:ss"));
}

QString withUnit(double number, const QString &unit)
{
    if (unit == QLatin1String("B") || unit == QLatin1String("bytes"))
        return bytes(number);
    if (unit == QLatin1String("bytes/s"))
        return bytes(number) + QStringLiteral("/s");
    if (unit == QLatin1String("s"))
        return duration(number);
    if (unit == QLatin1String("ms"))
        return microseconds(number * 1000);
    if (unit == QLatin1String("us"))
        return microseconds(number);
    if (unit == QLatin1String("%"))
        return brief(number) + QStringLiteral(" %");
    if (unit == QLatin1String("1/s"))
        return shortCount(number) + QStringLiteral("/s");
    return shortCount(number)
        + (unit.isEmpty() || unit == QLatin1String("1") ? QString() : QLatin1Char(' ') + unit);
}

} // namespace msgsrv::console::format
