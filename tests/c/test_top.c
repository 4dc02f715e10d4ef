/* links: cli/top_world cli/spark; top: what the engine says becomes rows, in an order, with a picture. */
#include "base/mem.h"
#include "cli/spark.h"
#include "cli/top_world.h"
#include "test.h"

#include <string.h>

static void expect_spark(const char *list, size_t width, bool utf8, const char *drawn)
{
	char out[SPARK_ROOM(20)];

	spark_draw(list, width, utf8, out);
	assert_string_equal(out, drawn);
}

static void a_picture_is_as_high_as_its_highest(void **state)
{
	(void)state;
	expect_spark("0,1,2,4,8", 5, true, " ▁▂▄█");
	expect_spark("0,1,2,4,8", 5, false, " .:=#");
	expect_spark("3", 4, true, "   █");
	expect_spark("9,9,1,2", 2, true, "▄█");
	expect_spark("0,0,0", 3, true, "   ");
	expect_spark("", 3, true, "   ");
	expect_spark("1,2,3", 0, true, "");
	expect_spark("x,-5,,nan,7", 5, true, "    █");
}

static const char world[] = "about\t0.1.0\t3\t11\t12\t-\n"
			    "host\t0.50\t1048576\t-\n"
			    "service\tweb\t3\t50\t0\t2\t1\t0\t7\t0\t4096\t0.25\t0.10\tok\t1,2\n"
			    "process\t7\t107\tbusy\t4\t90\t61.25\t-\t-\n"
			    "service\tchat\t1\t1\t0\t-\t-\t0\t-\t-\t-\t-\t0.00\tok\t1\n"
			    "process\t8\t108\tidle\t-\t-\t1.00\t-\t-\n"
			    "process\t9\t109\tidle\t-\t-\t1.00\t-\t-\n";

static void an_answer_becomes_rows(void **state)
{
	struct top_world w;

	(void)state;
	top_world_read(&w, mem_text(world));
	assert_int_equal(w.services_n, 2);
	assert_int_equal(w.processes_n, 3);
	assert_string_equal(w.about.field[ABOUT_GENERATION], "3");
	assert_string_equal(w.host.field[HOST_MEM_AVAIL], "1048576");
	assert_string_equal(w.services[0].field[TOP_HISTORY], "1,2");
	assert_string_equal(w.processes[2].field[PROCESS_PID], "109");
	assert_int_equal(w.processes[2].of, 1);
	assert_true(top_number("-") < 0);
	top_world_free(&w);
}

static void garbage_is_passed_over(void **state)
{
	struct top_world w;

	(void)state;
	top_world_read(&w, mem_text("process\t1\n\n\t\tx\nservice\nservice\ta\tb\tc\td\te\tf\tg\th\ti\tj\tk\t"
				    "l\tm\tn\to\tp\tq"));
	assert_int_equal(w.services_n, 2);
	assert_int_equal(w.processes_n, 0);
	assert_string_equal(w.services[0].field[TOP_NAME], "-");
	assert_string_equal(w.services[1].field[TOP_NAME], "a");
	assert_string_equal(w.about.field[ABOUT_VERSION], "-");
	top_world_free(&w);
}

static void expect_order(
	const struct top_world *w, const char *filter, int field, bool reversed, const char *names)
{
	size_t order[8], n = top_order(w, filter, field, reversed, order);
	char said[64] = "";

	for (size_t i = 0; i < n; i++) {
		(void)strcat(said, w->services[order[i]].field[TOP_NAME]);
		(void)strcat(said, " ");
	}
	assert_string_equal(said, names);
}

static void services_are_sorted_and_filtered(void **state)
{
	struct top_world w;

	(void)state;
	top_world_read(&w, mem_text(world));
	expect_order(&w, "", TOP_NAME, false, "chat web ");
	expect_order(&w, "", TOP_NAME, true, "web chat ");
	expect_order(&w, "", TOP_CLIENTS, false, "web chat ");
	expect_order(&w, "", TOP_CLIENTS, true, "chat web ");
	expect_order(&w, "", TOP_WAITING, false, "web chat ");
	expect_order(&w, "", TOP_STARTING, false, "chat web ");
	expect_order(&w, "eb", TOP_NAME, false, "web ");
	expect_order(&w, "x", TOP_NAME, false, "");
	top_world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_is_as_high_as_its_highest),
		cmocka_unit_test(an_answer_becomes_rows),
		cmocka_unit_test(garbage_is_passed_over),
		cmocka_unit_test(services_are_sorted_and_filtered),
	};

	return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
