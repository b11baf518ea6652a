// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/view.h"
#include "tests/server/management/fakes.h"

#include <QJsonDocument>
#include <QTest>

using namespace msgsrv;
using namespace msgsrv::management;
using namespace msgsrv::management::test;

namespace {

ViewQuery query(const QByteArray &params, Addresses addresses = Addresses::Whole)
{
    auto parsed = ViewQuery::parse(QJsonDocument::fromJson(params).object(), addresses);
    if (!parsed)
        qFatal("%s", qPrintable(parsed.error().message));
    return *parsed;
}

QJsonObject json(const std::string &text)
{
    return QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
}

QStringList idsOf(const QJsonValue &rows)
{
    QStringList ids;
    for (const QJsonValue &row : rows.toArray())
        ids.append(row[0].toString());
    return ids;
}

QStringList words(const char *text)
{
    return QString::fromLatin1(text).split(u' ', Qt::SkipEmptyParts);
}

PlainRows house()
{
    PlainRows rows;
    rows.rows = {sessionRow(10, "carol", "acked", 5), sessionRow(2, "bob", "new", 5),
                 sessionRow(1, "alice", "acked", 7), sessionRow(3, "dave", "acked", 0)};
    return rows;
}

} // namespace

class ViewTest final : public QObject
{
    Q_OBJECT

private slots:
    void filters_orders_and_cuts_data()
    {
        QTest::addColumn<QByteArray>("params");
        QTest::addColumn<QStringList>("ids");
        QTest::addColumn<int>("total");
        const auto row = [](const char *name, const char *rest, const QStringList &ids, int total) {
            QTest::newRow(name) << QByteArray(R"({"table":"sessions",)") + rest + "}" << ids << total;
        };
        row("by id, as numbers", R"("range":[0,9])", words("1 2 3 10"), 4);
        row("by id, descending", R"("range":[0,9],"sort":"-id")", words("10 3 2 1"), 4);
        row("by text", R"("range":[0,9],"sort":"user")", words("1 2 10 3"), 4);
        row("ties by id", R"("range":[0,9],"sort":"-backlog")", words("1 2 10 3"), 4);
        row("ties by id, rising", R"("range":[0,9],"sort":"backlog")", words("3 2 10 1"), 4);
        row("filtered", R"("range":[0,9],"filter":"state:acked")", words("1 3 10"), 3);
        row("a window", R"("range":[1,2])", words("2 3"), 4);
        row("at the end", R"("range":[3,9])", words("10"), 4);
        row("behind the end", R"("range":[9,9])", words(""), 4);
        row("nothing", R"("range":[0,0])", words(""), 4);
    }

    void filters_orders_and_cuts()
    {
        QFETCH(QByteArray, params);
        QFETCH(QStringList, ids);
        QFETCH(int, total);
        const Window window = select(house(), query(params));
        QStringList found;
        for (const Window::Line &line : window.lines)
            found.append(QString::fromStdString(line.id));
        QCOMPARE(found, ids);
        QCOMPARE(int(window.total), total);
    }

    void any_window_is_a_part_of_the_whole_order()
    {
        PlainRows rows;
        for (int i = 0; i < 200; ++i)
            rows.rows.push_back(
                sessionRow(i + 1, "u" + std::to_string(i * 7919 % 200), "acked", i * 31 % 17));
        const Window all = select(rows, query(R"({"table":"sessions","sort":"-backlog","range":[0,1000]})"));
        for (int first = 0; first < 200; first += 13) {
            const Window part = select(rows,
                                       query(R"({"table":"sessions","sort":"-backlog","range":[)"
                                             + QByteArray::number(first) + ",20]}"));
            for (std::size_t i = 0; i < part.lines.size(); ++i)
                QCOMPARE(part.lines[i].id, all.lines[std::size_t(first) + i].id);
        }
    }

    void columns_begin_with_the_id()
    {
        View view(7, query(R"({"table":"sessions","columns":["backlog","id","user"],"range":[0,1]})"));
        const QJsonObject snapshot = json(view.snapshot(house(), TimePoint(), true));
        QCOMPARE(snapshot.value(u"view").toInt(), 7);
        QCOMPARE(snapshot.value(u"columns").toArray(),
                 (QJsonArray{QStringLiteral("id"), QStringLiteral("backlog"), QStringLiteral("user")}));
        QCOMPARE(snapshot.value(u"rows").toArray().at(0).toArray(),
                 (QJsonArray{QStringLiteral("1"), 7, QStringLiteral("alice")}));
    }

    void deltas_build_on_each_other()
    {
        PlainRows rows = house();
        View view(1, query(R"({"table":"sessions","columns":["backlog"],"range":[0,3],"rate":1})"));
        QVERIFY(!view.isOpen());
        TimePoint now{};
        const QJsonObject snapshot = json(view.snapshot(rows, now, true));
        QCOMPARE(snapshot.value(u"rev").toInt(), 1);
        QCOMPARE(snapshot.value(u"total").toInt(), 4);
        QVERIFY(!view.isDue(now + milliseconds(999)));
        now += seconds(1);
        QVERIFY(view.isDue(now));
        QVERIFY(view.delta(rows, now).empty()); // nothing has changed

        rows.rows[1] = sessionRow(2, "bob", "new", 6);
        now += seconds(1);
        const QJsonObject set = json(view.delta(rows, now));
        QCOMPARE(set.value(u"base").toInt(), 1);
        QCOMPARE(set.value(u"rev").toInt(), 2);
        QCOMPARE(set.value(u"merged").toInt(), 1);
        QCOMPARE(set.value(u"set").toArray(),
                 (QJsonArray{QJsonArray{1, QJsonArray{QStringLiteral("2"), 6}}}));
        QVERIFY(!set.contains(u"rows"));

        rows.rows.erase(rows.rows.begin() + 1);
        view.skip(now);
        view.skip(now);
        now += seconds(1);
        const QJsonObject moved = json(view.delta(rows, now));
        QCOMPARE(moved.value(u"base").toInt(), 2);
        QCOMPARE(moved.value(u"merged").toInt(), 3);
        QCOMPARE(moved.value(u"total").toInt(), 3);
        QCOMPARE(idsOf(moved.value(u"rows")), words("1 3 10"));

        // Beyond the window, only the total changes.
        rows.rows.push_back(sessionRow(11, "eve", "new", 0));
        now += seconds(1);
        const QJsonObject total = json(view.delta(rows, now));
        QCOMPARE(total.value(u"total").toInt(), 4);
        QVERIFY(total.value(u"set").toArray().isEmpty());
    }

    void a_quiet_view_says_so()
    {
        View view(1, query(R"({"table":"sessions","range":[0,3],"rate":10})"));
        const PlainRows rows = house();
        TimePoint now{};
        (void)view.snapshot(rows, now, true);
        int said = 0;
        for (int i = 0; i < 101; ++i) {
            now += milliseconds(100);
            said += view.delta(rows, now).empty() ? 0 : 1;
        }
        QCOMPARE(said, 2); // after 5 and 10 seconds
    }

    void a_change_begins_a_generation_and_a_bad_one_changes_nothing()
    {
        View view(1, query(R"({"table":"sessions","range":[0,3]})"));
        const PlainRows rows = house();
        QCOMPARE(json(view.snapshot(rows, {}, true)).value(u"gen").toInt(), 1);
        QVERIFY(!view.change({{QStringLiteral("sort"), QStringLiteral("-user")},
                              {QStringLiteral("filter"), QStringLiteral("state:")}}));
        QCOMPARE(idsOf(json(view.snapshot(rows, {}, false)).value(u"rows")), words("1 2 3"));
        QVERIFY(view.change({{QStringLiteral("sort"), QStringLiteral("-user")}}));
        const QJsonObject changed = json(view.snapshot(rows, {}, false));
        QCOMPARE(changed.value(u"gen").toInt(), 3);
        QCOMPARE(idsOf(changed.value(u"rows")), words("3 10 2"));
        QVERIFY(!changed.contains(u"columns"));
    }

    void masked_addresses_cannot_be_found_by_a_filter()
    {
        const QByteArray params = R"({"table":"sessions","range":[0,9],"filter":"address:192.0.2.7"})";
        QCOMPARE(select(house(), query(params, Addresses::Whole)).total, std::size_t(4));
        QCOMPARE(select(house(), query(params, Addresses::Masked)).total, std::size_t(0));
    }
};

QTEST_GUILESS_MAIN(ViewTest)
#include "tst_view.moc"
