// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/nearest.h"

#include <QTest>

using namespace msgsrv;

class TestNearest : public QObject
{
    Q_OBJECT

private slots:
    void distances_data();
    void distances();
    void finds_data();
    void finds();
    void nothingIsNearestOfNothing();
};

void TestNearest::distances_data()
{
    QTest::addColumn<QByteArray>("a");
    QTest::addColumn<QByteArray>("b");
    QTest::addColumn<int>("distance");
    const auto row = [](const char *a, const char *b, int distance) {
        QTest::addRow("<%s> <%s>", a, b) << QByteArray(a) << QByteArray(b) << distance;
    };
    row("", "", 0);
    row("", "abc", 3);
    row("abc", "", 3);
    row("abc", "abc", 0);
    row("abc", "abd", 1);
    row("abc", "ab", 1);
    row("abc", "abcd", 1);
    row("abcd", "abdc", 1);
    row("rejcet", "reject", 1);
    row("kitten", "sitting", 3);
    row("ca", "abc", 3);
}

void TestNearest::distances()
{
    QFETCH(const QByteArray, a);
    QFETCH(const QByteArray, b);
    QFETCH(const int, distance);
    QCOMPARE(int(editDistance(a.toStdString(), b.toStdString())), distance);
    QCOMPARE(int(editDistance(b.toStdString(), a.toStdString())), distance);
}

void TestNearest::finds_data()
{
    QTest::addColumn<QByteArray>("typed");
    QTest::addColumn<QByteArray>("found");
    const auto row = [](const char *typed, const char *found) {
        QTest::newRow(typed) << QByteArray(typed) << QByteArray(found);
    };
    row("http.listn", "http.listen");
    row("htpp.listen", "http.listen");
    row("stmop.listen", "stomp.listen");
    row("http.path", "stomp.path");
    row("internal.workers", "workers");
    row("worker", "workers");
    row("limit.conections", "limits.connections");
    row("limits_body", "limits.body");
    row("body", "limits.body");
}

void TestNearest::finds()
{
    QFETCH(const QByteArray, typed);
    QFETCH(const QByteArray, found);
    const std::vector<std::string_view> names{"workers",      "http.listen", "stomp.listen",
                                              "stomp.path",   "limits.body", "limits.connections",
                                              "limits.frame", "tls.key"};
    QCOMPARE(QByteArray::fromStdString(std::string(nearest(typed.toStdString(), names))), found);
}

void TestNearest::nothingIsNearestOfNothing()
{
    QVERIFY(nearest("abc", {}).empty());
}

QTEST_APPLESS_MAIN(TestNearest)
#include "tst_nearest.moc"
