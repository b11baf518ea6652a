// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/options.h"

#include <QTest>

using namespace msgsrv;
using Action = Options::Action;
using Strings = std::vector<std::string>;

class TestOptions : public QObject
{
    Q_OBJECT

private slots:
    void valuesStandBehindOrAfterAnEqualsSign();
    void actions_data();
    void actions();
    void wrongArgumentsAreAllTold_data();
    void wrongArgumentsAreAllTold();
    void helpNamesEveryOption();
};

void TestOptions::valuesStandBehindOrAfterAnEqualsSign()
{
    const auto options
        = parseOptions({"--config", "a.toml", "--set", "a.b=c", "--set=d.e=f=g", "--set", "--config"});
    QVERIFY(options);
    QCOMPARE(*options->configFile, std::string("a.toml"));
    QCOMPARE(options->assignments, (Strings{"a.b=c", "d.e=f=g", "--config"}));
    QCOMPARE(*parseOptions({"--config=x=y"})->configFile, std::string("x=y"));
    QVERIFY(!parseOptions({})->configFile);
}

void TestOptions::actions_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("action");
    const auto row = [](const char *arguments, Action action) {
        QTest::newRow(arguments) << QString::fromLatin1(arguments).split(u' ', Qt::SkipEmptyParts)
                                 << int(action);
    };
    row("", Action::Run);
    row("--config x", Action::Run);
    row("--check-config", Action::CheckConfig);
    row("--print-config", Action::PrintConfig);
    row("--version", Action::Version);
    row("-V", Action::Version);
    row("--help", Action::Help);
    row("-h", Action::Help);
    row("--version --check-config", Action::Version);
    row("--help --version", Action::Help);
    row("--version --help", Action::Help);
    row("--set nonsense --help", Action::Help);
}

void TestOptions::actions()
{
    QFETCH(const QStringList, arguments);
    QFETCH(const int, action);
    Strings list;
    for (const QString &argument : arguments)
        list.push_back(argument.toStdString());
    const auto options = parseOptions(list);
    QVERIFY(options);
    QCOMPARE(int(options->action), action);
}

void TestOptions::wrongArgumentsAreAllTold_data()
{
    QTest::addColumn<Strings>("arguments");
    QTest::addColumn<Strings>("errors");
    const auto row = [](const char *name, Strings arguments, Strings errors) {
        QTest::newRow(name) << arguments << errors;
    };
    row("misspelt", {"--confg", "x"},
        {"--confg is not a known option; did you mean --config?",
         "x is one argument too many; a configuration file is given with --config"});
    row("misspelt with a value", {"--sett=a.b=s3cret"},
        {"--sett is not a known option; did you mean --set?"});
    row("single dash", {"-x"}, {"-x is not a known option; did you mean --set?"});
    row("dash", {"-"}, {"- is not a known option; did you mean --set?"});
    row("no file", {"--config"}, {"--config needs a file behind it"});
    row("empty file", {"--config="}, {"--config needs a file behind it"});
    row("no assignment", {"--set"}, {"--set needs section.key=value behind it"});
    row("two files", {"--config", "a", "--config=b"}, {"--config is given twice"});
    row("value too many", {"--help=yes"}, {"--help takes no value"});
    row("two actions", {"--check-config", "--print-config"},
        {"--check-config and --print-config cannot be given together"});
    row("line end", {"a\nb"},
        {"\"a\\nb\" is one argument too many; a configuration file is given with --config"});
    row("empty", {""}, {"\"\" is one argument too many; a configuration file is given with --config"});
}

void TestOptions::wrongArgumentsAreAllTold()
{
    QFETCH(const Strings, arguments);
    QFETCH(const Strings, errors);
    const auto options = parseOptions(arguments);
    QVERIFY(!options);
    const auto joined = [](const Strings &strings) {
        QByteArray text;
        for (const std::string &string : strings)
            text += QByteArray::fromStdString(string) + '\n';
        return text;
    };
    QCOMPARE(joined(options.error()), joined(errors));
}

void TestOptions::helpNamesEveryOption()
{
    const QByteArray help = QByteArray::fromStdString(helpText());
    for (const char *option : {"--config FILE", "--set SECTION.KEY=VALUE", "--check-config", "--print-config",
                               "--version", "--help", "MESSAGING_SERVER__SECTION__KEY"})
        QVERIFY2(help.contains(option), option);
    const QList<QByteArray> lines = help.split('\n');
    for (const QByteArray &line : lines)
        QVERIFY2(line.size() <= 110, line.constData());
}

QTEST_APPLESS_MAIN(TestOptions)
#include "tst_options.moc"
