"""Names of Chinese regions as they stand in front of company names.

Data, not messages: provinces, prefecture-level cities, and the counties of Jiangsu, where most
companies of the zone come from. GB/T 2260 has the codes; here only the names matter.
"""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = """
北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东
海南 四川 贵州 云南 陕西 甘肃 青海 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 台湾
石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 太原 阳泉 长治 晋城 朔州 晋中 运城
忻州 临汾 吕梁 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 锡林郭勒 阿拉善
沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 葫芦岛 长春 四平 辽源 通化 白山 松原
白城 延边 哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化
南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 靖江 泰兴 兴化 姜堰 海陵 江阴
宜兴 昆山 常熟 张家港 太仓 吴江 溧阳 金坛 如皋 启东 如东 丹阳 扬中 句容 仪征 高邮 江都 东台 建湖
射阳 阜宁 盱眙 涟水 洪泽 沭阳 泗阳 泗洪 邳州 新沂 睢宁 灌云 灌南 赣榆 溧水 高淳 沛县 丰县
杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 慈溪 余姚 诸暨 合肥 芜湖 蚌埠 淮南
马鞍山 淮北 铜陵 安庆 滁州 阜阳 宿州 六安 亳州 池州 宣城 福州 厦门 莆田 泉州 漳州 南平 龙岩 宁德
南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 宜春 抚州 上饶 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安
威海 临沂 聊城 滨州 菏泽 郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘
信阳 周口 驻马店 济源 武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江
长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 广州 韶关 深圳 珠海 汕头
佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 潮州 揭阳 云浮 南宁 柳州 桂林 梧州 北海
防城港 钦州 贵港 玉林 百色 贺州 河池 崇左 海口 三亚 儋州 成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁
内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 贵阳 六盘水 遵义 毕节 铜仁 黔西南 黔东南 黔南
昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 文山 西双版纳 德宏 拉萨 日喀则 林芝 西安 铜川 宝鸡
咸阳 渭南 延安 汉中 榆林 商洛 兰州 嘉峪关 金昌 天水 武威 张掖 酒泉 庆阳 定西 陇南 临夏 西宁 银川
石嘴山 吴忠 固原 中卫 乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 阿克苏 喀什 伊犁 塔城 阿勒泰 石河子
"""

# Words and brands too: a region only when its rank follows (朝阳市, 滨海县).
_WITH_RANK: Final = """
朝阳 中山 大同 黄山 吉安 安康 来宾 红河 白银 海东 海西 海北 天门 山南 凉山 大理 东海 滨海 大丰 金湖
海安 海门 宝应 响水 日照 安顺 三明 玉树 德州 平凉 和田 阿里 昌都 怒江 兴安
"""

# 上海市政 and 北京区块链 are not ranks.
_RANK: Final = (
    "省|市(?![政场民容])|自治区|壮族自治区|回族自治区|维吾尔自治区|特别行政区"
    "|地区|自治州|盟|县|区(?![块域])"
)


def _any_of(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


# One region name, for use inside a larger pattern.
REGION: Final = rf"(?:(?:{_any_of(_PLAIN)})(?:{_RANK})?|(?:{_any_of(_WITH_RANK)})(?:{_RANK}))"
REGION_PREFIX: Final = re.compile(REGION)

# The zone's park on the Jiangyin side, as people enter it; some targets leave it out.
JIANGYIN_PARK: Final = "江阴"
